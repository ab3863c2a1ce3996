"""The settings of `--prior`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ctc.errors import InputError, UsageError, did_you_mean
from ctc.inference.config import AUTO
from ctc.inference.decisions.priors.decision import PRIORS
from ctc.inference.decisions.priors.file import read_prior
from ctc.inference.decisions.priors.shares import Trained
from ctc.inference.decisions.promised import Entry, read_entries

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig
    from ctc.inference.decisions.choice import AnswerFacts


def choose_priors(config: PredictConfig, answers: AnswerFacts) -> dict[str, Any] | None:
    """Return the settings of a run with `--prior`, None without; raises CtcError."""
    if config.prior is None:
        if config.prior_by is not None:
            raise UsageError("--prior-by is for --prior auto: add it")
        return None
    _check_options(config)
    trained = _trained(answers)
    given = None
    if str(config.prior) != AUTO:
        shares = {label: one.shares for label, one in trained.items()}
        given = read_prior(config.prior, answers.schema.labels, shares)
    labels = trained if given is None else given
    return {
        "classes": {label: list(answers.schema.labels[label]) for label in trained},
        "trained": {label: [one.shares.tolist(), one.events] for label, one in trained.items()},
        "given": given and {label: shares.tolist() for label, shares in given.items()},
        "by": config.prior_by,
        "keeps_thresholds": config.threshold is not None,
        "notes": list(_notes(config, answers, labels)),
    }


def _check_options(config: PredictConfig) -> None:
    if str(config.prior) != AUTO and config.prior_by is not None:
        raise UsageError("--prior-by is for --prior auto: leave it out")
    options = {
        "--roll-up": config.roll_up,
        "--sets": config.sets,
        "--drop-blanks": config.drop_blanks,
    }
    for option, is_given in options.items():
        if is_given:
            raise UsageError(
                f"what {option} promises was proven without --prior: leave one of them out"
            )


def _trained(answers: AnswerFacts) -> dict[str, Trained]:
    """Return the shares that the labels were calibrated on; raises UsageError without any."""
    entries = read_entries(answers.info.promises, PRIORS)
    if not entries:
        raise UsageError(
            "--prior needs the shares of classes that the model was calibrated on, and its file has"
            " none: calibrate its original with `ctc calibrate`"
        )
    own = answers.setup
    found: dict[str, Trained] = {}
    for label, setup, entry in entries:
        classes = answers.schema.labels.get(label, ())
        fits = setup == own or (
            own.unit == "photo" and (setup.detector, setup.flips) == (own.detector, own.flips)
        )
        trained = _read_shares(entry, classes) if fits and classes else None
        if trained is not None and (setup == own or label not in found):
            found[label] = trained
    if not found:
        how = ", ".join(answers.setup.differences(entries[0][1])) or "other classes"
        raise UsageError(
            f"--prior: the model was calibrated for another way to predict (here: {how}): predict"
            " as it was calibrated, or calibrate it for this way"
        )
    return found


def _read_shares(entry: Entry, classes: Sequence[str]) -> Trained | None:
    """Return the shares of the classes, None where one has none; raises InputError."""
    try:
        shares = {str(name): float(value) for name, value in entry["shares"].items()}
        events = float(entry["independent_events"])
        if not all(0 <= one <= 1 for one in shares.values()) or not 1 <= events < np.inf:
            raise ValueError("a number is no share")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the model's {PRIORS} are damaged ({error!r}): calibrate its original again"
        ) from None
    if not set(classes) <= shares.keys():
        return None
    return Trained.of(np.array([shares[name] for name in classes]), events)


def _notes(config: PredictConfig, answers: AnswerFacts, labels: Iterable[str]) -> Iterable[str]:
    assert config.prior is not None
    is_auto = str(config.prior) == AUTO
    by = "by the events themselves" if is_auto else f"by '{config.prior.name}'"
    condition = ", where they are surely not as common" if is_auto else ""
    for label in labels:
        left_out = label in answers.schema.thresholds and config.threshold is None
        thresholds = "; the model's thresholds, fitted without it, are then left out"
        yield (
            f"'{label}' is corrected {by} for how common its classes are{condition}"
            f"{thresholds if left_out else ''}"
        )


def check_prior_column(config: PredictConfig, columns: Sequence[str]) -> None:
    """Raise UsageError where the table of events has no column `--prior-by`."""
    if config.prior_by is not None and config.prior_by not in columns:
        near = did_you_mean(config.prior_by, columns)
        raise UsageError(f"--prior-by: unknown column '{config.prior_by}'{near}")
