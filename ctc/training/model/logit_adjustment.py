"""Logit adjustment: class priors in the loss, for data in which some classes are rare.

Menon et al. 2021, Long-tail learning via logit adjustment, https://arxiv.org/abs/2007.07314
(equation 10). The loss is that of the logits plus τ × ln(prior of the class). The network then
learns what speaks for a class apart from how common it is: its probabilities, to which no prior is
added, are those of data in which all classes are equally common (with τ = 1).
"""

from __future__ import annotations

import math

from ctc.artifacts.dataset import TRAIN, Label
from ctc.errors import UsageError
from ctc.training.config import NATURAL, TrainingConfig


def logit_offsets(label: Label, tau: float) -> tuple[float, ...]:
    """Return τ × ln(prior) of each class of `label`; an empty tuple for τ = 0.

    The prior is the share of the class in the train split. A class without photos there counts as
    one with a single photo.
    """
    if not tau:
        return ()
    counts = [max(1, count) for count in label.counts[TRAIN]]
    return tuple(tau * math.log(count / sum(counts)) for count in counts)


def check_logit_adjustment(config: TrainingConfig) -> None:
    """Raise UsageError if logit adjustment has no meaning beside the other options."""
    if not config.logit_adjustment:
        return
    if config.multi_label:
        raise UsageError(
            "--logit-adjustment is for labels with one class per event, and "
            f"'{config.multi_label[0]}' is a --multi-label: leave one out"
        )
    for option, given in (
        ("--sampling", config.sampling != NATURAL),
        ("--class-weights", config.class_weights != "none"),
    ):
        if given:
            raise UsageError(
                f"--logit-adjustment and {option} both make up for rare classes: leave one out"
            )
