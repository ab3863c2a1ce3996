"""Which labels a training learns, checked against the dataset."""

from __future__ import annotations

from collections.abc import Iterable

from ctc.artifacts.dataset import Dataset, Label
from ctc.errors import UsageError, did_you_mean
from ctc.training.config import NATURAL, TrainingConfig

TRAIN = "train"


def chosen_labels(config: TrainingConfig, dataset: Dataset) -> tuple[Label, ...]:
    """The labels that the options name, in order. Raises UsageError when one isn't there, can't be learnt, or has a strange weight, and
    when --multi-label or --sampling-label names another."""
    if not config.labels:
        known = ", ".join(f"'{label.name}' ({len(label.classes)} classes)" for label in dataset.manifest.labels)
        raise UsageError(f"say what to learn with --label: '{dataset.place}' has {known or 'no labels'}")
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        _check_classes(label, dataset)
    _check_learnt("--label-weight", config.label_weights, config)
    _check_learnt("--multi-label", config.multi_label, config)
    if config.sampling_label is not None:
        _check_learnt("--sampling-label", [config.sampling_label], config)
        if config.sampling == NATURAL:
            raise UsageError("--sampling-label says by which label to draw: add --sampling balanced, or leave it out")
    _check_weights(config)
    return labels


def _check_learnt(option: str, names: Iterable[str], config: TrainingConfig) -> None:
    for name in names:
        if name not in config.labels:
            near = did_you_mean(name, config.labels)
            raise UsageError(f"{option} names '{name}', which is not among the labels to learn{near}")


def _check_weights(config: TrainingConfig) -> None:
    for name, weight in config.label_weights.items():
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
            f"the label '{label.name}' has {only} in the split '{TRAIN}' of '{dataset.place}': "
            f"there is nothing to tell apart, choose another --label"
        )
