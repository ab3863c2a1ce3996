"""Loss weights per class, for data in which some classes are rare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ctc.artifacts.dataset import Label
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.storage.csv_reader import read_rows

NONE, BALANCED, EFFECTIVE, SQRT = "none", "balanced", "effective", "sqrt"
SCHEMES = (BALANCED, EFFECTIVE, SQRT)
BETA = 0.999  # beta of Cui et al. 2019, Class-Balanced Loss (https://arxiv.org/abs/1901.05555)
_COLUMNS = ("label", "class", "weight")


def class_weights(
    scheme: str, labels: Sequence[Label], split: str
) -> Mapping[str, tuple[float, ...]]:
    """Return label → weight of each class; an empty tuple for the scheme `none`.

    scheme `balanced`     photos / (classes × photos of the class): each class has the same total
    scheme `effective`    1 / effective number of photos, (1 − 0.999^photos) / (1 − 0.999), which
                          hardly changes above some thousand photos
    scheme `sqrt`         in proportion to 1 / √photos: between `none` and `balanced`
    any other scheme      path of a CSV file with the columns label, class, weight; classes that it
                          doesn't list have the weight 1

    The weights of these schemes have the mean 1 over the photos of `split`; a class without photos
    there has 1. Raises CtcError for a file that can't be used.
    """
    if scheme == NONE:
        return {label.name: () for label in labels}
    if scheme in SCHEMES:
        return {label.name: _weights_from_counts(scheme, label.counts[split]) for label in labels}
    given = _read_weights(Path(scheme), labels)
    return {
        label.name: tuple(given.get((label.name, name), 1.0) for name in label.classes)
        for label in labels
    }


def _weights_from_counts(scheme: str, counts: Sequence[int]) -> tuple[float, ...]:
    raw = [_raw_weight(scheme, count) if count else 0.0 for count in counts]
    mean = sum(weight * count for weight, count in zip(raw, counts, strict=True)) / sum(counts)
    return tuple(weight / mean if weight else 1.0 for weight in raw)


def _raw_weight(scheme: str, count: int) -> float:
    if scheme == EFFECTIVE:
        return (1.0 - BETA) / (1.0 - BETA**count)
    return 1.0 / (count if scheme == BALANCED else math.sqrt(count))


def _read_weights(path: Path, labels: Sequence[Label]) -> dict[tuple[str, str], float]:
    if not path.is_file():
        kinds = ", ".join(f"'{kind}'" for kind in (NONE, *SCHEMES))
        raise UsageError(
            f"--class-weights must be {kinds} or a CSV file, and there is no file '{path}'"
        )
    columns, rows = read_rows(path)
    for column in _COLUMNS:
        if column not in columns:
            raise InputError(
                f"'{path}' has no column '{column}': it needs the columns label, class and weight"
            )
    classes = {label.name: label.classes for label in labels}
    weights = {}
    for line, row in rows:
        label, name = row["label"], row["class"]
        if label not in classes:
            continue  # a file may serve several trainings
        if name not in classes[label]:
            raise InputError(
                f"'{path}' line {line}: '{label}' has no class '{name}'"
                f"{did_you_mean(name, classes[label])}"
            )
        weights[label, name] = _parse_weight(row["weight"], f"'{path}' line {line}")
    return weights


def _parse_weight(text: str, where: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise InputError(f"{where}: the weight '{text}' is not a number of 0 or more")
    return weight
