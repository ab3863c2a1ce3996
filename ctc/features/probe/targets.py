"""What the photos of a split are to teach: the classes of each photo, and its weight."""

from __future__ import annotations

import numpy as np

from ctc.artifacts.dataset import TRAIN, Dataset, Label
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import RESERVED_NAMES
from ctc.errors import UsageError, did_you_mean
from ctc.features.probe.config import ProbeConfig
from ctc.features.probe.fitting.logistic import Targets
from ctc.features.probe.fitting.rotation import Float32Array
from ctc.features.probe.samples import Samples


def choose_labels(dataset: Dataset, config: ProbeConfig) -> tuple[Label, ...]:
    """Return the labels to learn.

    Raises UsageError for one that the dataset doesn't have, that has fewer than two classes in the
    train split or a reserved name, and for a name of --multi-label that is not among the labels.
    """
    if not config.labels:
        known = ", ".join(f"'{label.name}'" for label in dataset.manifest.labels)
        raise UsageError(
            f"name at least one label with --label: '{dataset.display_path}' has {known or 'none'}"
        )
    for name in config.multi_label:
        if name not in config.labels:
            raise UsageError(
                f"--multi-label names '{name}', which is not among the labels to learn"
                f"{did_you_mean(name, config.labels)}"
            )
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        if label.name in RESERVED_NAMES:
            raise UsageError(
                f"a label can't be called '{label.name}', as an output of every such model: "
                "rename it in the inventory"
            )
        seen = [
            name
            for name, count in zip(label.classes, label.counts.get(TRAIN, ()), strict=False)
            if count
        ]
        if len(seen) < 2:
            only = f"only the class '{seen[0]}'" if seen else "no class"
            raise UsageError(
                f"the label '{label.name}' has {only} in the split '{TRAIN}' of "
                f"'{dataset.display_path}': there is nothing to tell apart, choose another --label"
            )
    return labels


def photo_targets(samples: Samples, label: Label, class_weights: Float32Array) -> Targets:
    """Return the targets of the photos whose event has a known label; weights of others are 0.

    `class_weights` (classes,): factor of a photo's loss by its class.
    """
    truth = samples.truth[label.name][samples.event]
    if truth.ndim == 2:
        present = (truth == 1).astype(np.float32)
        weights = np.where(truth == MISSING, 0, np.where(truth == 1, class_weights, 1))
        return Targets(present, weights.astype(np.float32), exclusive=False)
    known = truth != MISSING
    one_hot = np.zeros((len(truth), len(label.classes)), np.float32)
    one_hot[np.flatnonzero(known), truth[known]] = 1
    weights = np.where(known, class_weights[truth], 0)
    return Targets(one_hot, weights.astype(np.float32), exclusive=True)


def class_weights_of(label: Label, scheme: str) -> Float32Array:
    """Return the factors of `ctc train --class-weights` for the label, float32 (classes,)."""
    from ctc.training.model.class_weights import class_weights

    found = class_weights(scheme, [label], TRAIN)[label.name]
    return np.array(found or (1.0,) * len(label.classes), np.float32)
