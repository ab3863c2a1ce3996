"""Matching of the labels of predictions with those of the ground truth."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ctc.errors import UsageError, did_you_mean


def match_labels(
    predicted: Collection[str],
    known: Collection[str],
    truth_labels: Mapping[str, str],
    predictions: str,
    truth: str,
) -> dict[str, str]:
    """Return, by label of the predictions, the name of the label of the ground truth.

    `truth_labels` holds the names that differ; the others match labels of the same name.
    `predictions` and `truth` are what messages call both sides. Raises UsageError if no label
    matches, or if a name in `truth_labels` does not exist.
    """
    for side, names, given in (
        (predictions, predicted, truth_labels.keys()),
        (truth, known, truth_labels.values()),
    ):
        for name in given:
            if name not in names:
                raise UsageError(f"{side} has no label called '{name}'{did_you_mean(name, names)}")
    matched = {label: truth_labels.get(label, label) for label in predicted}
    matched = {label: name for label, name in matched.items() if name in known}
    if not matched:
        example = f"{next(iter(predicted), 'LABEL')}={next(iter(known), 'LABEL')}"
        raise UsageError(
            f"{predictions} has {_list_labels(predicted)}, {truth} {_list_labels(known)}: none is"
            f" in both; if they mean the same, add --truth-label '{example}'"
        )
    return matched


def _list_labels(names: Collection[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"the label {listed}" if len(names) == 1 else f"the labels {listed}"
