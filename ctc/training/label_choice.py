"""The labels that are trained: the ones that `--label` names, checked against the dataset."""

from __future__ import annotations

from collections.abc import Iterable

from ctc.artifacts.dataset import TRAIN, Dataset, Label
from ctc.errors import UsageError, did_you_mean
from ctc.reporting import counted
from ctc.training.config import NATURAL, TrainingConfig


def choose_labels(config: TrainingConfig, dataset: Dataset) -> tuple[Label, ...]:
    """Return the labels to train, in the order of the options.

    Raises UsageError if a label is not in the dataset, has fewer than two classes in the train
    split or an invalid weight, or if --multi-label or --sampling-label name another label.
    """
    if not config.labels:
        known = ", ".join(
            f"'{label.name}' ({counted(len(label.classes), 'class', 'classes')})"
            for label in dataset.manifest.labels
        )
        raise UsageError(
            f"name at least one label with --label: '{dataset.display_path}' has "
            f"{known or 'no labels'}"
        )
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        _check_classes(label, dataset)
    _check_known_labels("--label-weight", config.label_weights, config)
    _check_known_labels("--multi-label", config.multi_label, config)
    if config.sampling_label is not None:
        _check_sampling_label(config.sampling_label, config)
    _check_weights(config)
    return labels


def _check_sampling_label(name: str, config: TrainingConfig) -> None:
    _check_known_labels("--sampling-label", [name], config)
    if config.sampling == NATURAL:
        raise UsageError(
            "--sampling-label has no effect without --sampling: add --sampling balanced, "
            "or leave it out"
        )


def _check_known_labels(option: str, names: Iterable[str], config: TrainingConfig) -> None:
    for name in names:
        if name not in config.labels:
            near = did_you_mean(name, config.labels)
            raise UsageError(
                f"{option} names '{name}', which is not among the labels to train{near}"
            )


def _check_weights(config: TrainingConfig) -> None:
    for name, weight in config.label_weights.items():
        if not 0 <= weight < float("inf"):
            raise UsageError(f"--label-weight of '{name}' is {weight}: it must be 0 or more")
    if all(config.label_weights.get(name, 1.0) == 0 for name in config.labels):
        raise UsageError("every --label-weight is 0: nothing would be trained")


def _check_classes(label: Label, dataset: Dataset) -> None:
    counts = label.counts.get(TRAIN, ())
    seen = [name for name, count in zip(label.classes, counts, strict=False) if count > 0]
    if len(label.classes) < 2 or len(seen) < 2:
        only = f"only the class '{seen[0]}'" if seen else "no class"
        raise UsageError(
            f"the label '{label.name}' has {only} in the split '{TRAIN}' of "
            f"'{dataset.display_path}': a classifier needs at least two, choose another --label"
        )
