"""Which labels a training learns, checked against the dataset."""

from __future__ import annotations

from ctc.artifacts.dataset import Dataset, Label
from ctc.errors import UsageError, did_you_mean
from ctc.training.config import TrainingConfig

TRAIN = "train"


def chosen_labels(config: TrainingConfig, dataset: Dataset) -> tuple[Label, ...]:
    """The labels that the options name, in order. Raises UsageError when one isn't there, can't be learnt, or has a strange weight."""
    if not config.labels:
        known = ", ".join(f"'{label.name}' ({len(label.classes)} classes)" for label in dataset.manifest.labels)
        raise UsageError(f"say what to learn with --label: '{dataset.folder}' has {known or 'no labels'}")
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        _check_classes(label, dataset)
    _check_weights(config)
    return labels


def _check_weights(config: TrainingConfig) -> None:
    for name, weight in config.label_weights.items():
        if name not in config.labels:
            near = did_you_mean(name, config.labels)
            raise UsageError(f"--label-weight names '{name}', which is not among the labels to learn{near}")
        if not 0 <= weight < float("inf"):
            raise UsageError(f"--label-weight of '{name}' is {weight}: it must be 0 or more")
    if all(config.label_weights.get(name, 1.0) == 0 for name in config.labels):
        raise UsageError("every --label-weight is 0: nothing would be learnt")


def _check_classes(label: Label, dataset: Dataset) -> None:
    counts = label.counts.get(TRAIN, ())
    seen = [name for name, count in zip(label.classes, counts, strict=False) if count > 0]
    if len(label.classes) < 2 or len(seen) < 2:
        only = f"only the class '{seen[0]}'" if seen else "no class"
        raise UsageError(
            f"the label '{label.name}' has {only} in the split '{TRAIN}' of '{dataset.folder}': "
            f"there is nothing to tell apart, choose another --label"
        )
