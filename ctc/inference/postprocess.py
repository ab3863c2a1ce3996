"""How the network's answers are read: which classes there can be, and from which probability on one
is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.predictions import PRESENCE_THRESHOLD, UNKNOWN
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.storage.csv_reader import open_table
from ctc.storage.text_encoding import detect_encoding

MAX_LISTED_NAMES = 10
_CROPS_NOTE = "the model learnt from photos cut to a detector's boxes: so are those of an inventory with boxes, others are predicted whole"

ModelOutputs = Mapping[str, NDArray[np.float32]]
LabelClasses = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Postprocessor:
    """`labels`: per label the classes that there can be, in the model's order. `kept_indices`: per
    restricted label, where they stand in the model's answer. `thresholds`: per label, class by
    class, the lowest probability that is believed, None where none is. `notes`: for the user.
    `multi_label`: as the model's."""

    labels: LabelClasses
    kept_indices: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    thresholds: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    multi_label: tuple[str, ...] = ()

    def apply(self, outputs: ModelOutputs) -> ModelOutputs:
        """Per label (N, the model's classes) to (N, `labels`' classes), whose sum is 1 again where
        the label is restricted and not multi-label; all equal where the model excludes every one of
        them."""
        return {label: self._apply_label(label, values) for label, values in outputs.items()}

    def _apply_label(self, label: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if label not in self.kept_indices:
            return values
        chosen = values[:, self.kept_indices[label]]
        return chosen if label in self.multi_label else _normalize(chosen)


def make_postprocessor(
    info: ModelInfo, threshold: float | None = None, class_list: Path | None = None
) -> Postprocessor:
    """`threshold`: for every class, in place of the model's own thresholds. `class_list`: a file
    with the classes that there can be.

    Raises CtcError for a class list that can't be read or names a class that the model doesn't
    know."""
    wanted = _read_class_list(class_list, info.labels) if class_list else {}
    labels = {
        label: tuple(one for one in wanted.get(label, all_)) for label, all_ in info.labels.items()
    }
    kept = {
        label: np.array([info.labels[label].index(one) for one in classes])
        for label, classes in wanted.items()
    }
    thresholds = _thresholds(info, threshold, labels)
    notes = [_CROPS_NOTE] if info.preprocessing.crop_margin is not None else []
    notes += [_restriction_note(label, classes, info) for label, classes in wanted.items()]
    limit = "the model's own thresholds" if threshold is None else f"{threshold:g}"
    if thresholds.keys() - set(info.multi_label):
        notes.append(f"answers below {limit} are '{UNKNOWN}'")
    for label in info.multi_label:
        start = (
            f"{PRESENCE_THRESHOLD:g}"
            if threshold is None and not info.thresholds.get(label)
            else limit
        )
        notes.append(
            f"'{label}' may have several classes at once: those are there whose probability reaches {start}"
        )
    notes += [
        _unreachable_note(label, labels[label], values, info)
        for label, values in thresholds.items()
        if None in values
    ]
    return Postprocessor(labels, kept, thresholds, tuple(notes), info.multi_label)


def _normalize(values: NDArray[np.float32]) -> NDArray[np.float32]:
    exact = values.astype(np.float64)
    sums = exact.sum(axis=1, keepdims=True)
    equal = np.full_like(exact, 1 / exact.shape[1])
    return np.asarray(np.divide(exact, sums, out=equal, where=sums > 0), np.float32)


def _restriction_note(label: str, classes: tuple[str, ...], info: ModelInfo) -> str:
    known = info.labels[label]
    out = [f"'{name}'" for name in known if name not in classes]
    then = "" if label in info.multi_label else ", whose probabilities sum to 1 again"
    return f"'{label}' is restricted to {len(classes)} of its {len(known)} classes{then}; left out: {_format_names(out) or 'none'}"


def _unreachable_note(
    label: str, classes: tuple[str, ...], thresholds: tuple[float | None, ...], info: ModelInfo
) -> str:
    names = _format_names(
        [f"'{name}'" for name, lowest in zip(classes, thresholds, strict=True) if lowest is None]
    )
    what = (
        f"never has {names}"
        if label in info.multi_label
        else f"is '{UNKNOWN}' wherever it would be {names}"
    )
    return f"'{label}' {what}: no probability of theirs can be believed"


def _format_names(names: list[str]) -> str:
    return ", ".join(names[:MAX_LISTED_NAMES]) + (
        f" and {len(names) - MAX_LISTED_NAMES} more" if len(names) > MAX_LISTED_NAMES else ""
    )


def _thresholds(
    info: ModelInfo, threshold: float | None, labels: LabelClasses
) -> dict[str, tuple[float | None, ...]]:
    found: dict[str, tuple[float | None, ...]] = {}
    for label, classes in labels.items():
        several, own = label in info.multi_label, info.thresholds.get(label)
        if threshold is not None and (threshold or several):
            found[label] = (threshold,) * len(classes)
        elif threshold is None and own:
            found[label] = tuple(
                own.get(name, PRESENCE_THRESHOLD if several else 0.0) for name in classes
            )
    return found


def _read_class_list(path: Path, known: LabelClasses) -> LabelClasses:
    """Per label that the file restricts, the classes it names, in the model's order."""
    named: dict[str, set[str]] = {}
    for label, name in _class_list_pairs(path, known):
        named.setdefault(label, set()).add(name)
    return {
        label: tuple(name for name in known[label] if name in names)
        for label, names in named.items()
    }


def _class_list_pairs(path: Path, known: LabelClasses) -> list[tuple[str, str]]:
    """(label, class) for each line."""
    if not path.is_file():
        raise UsageError(
            f"the class list '{path}' is not there: a text file with one class per line"
        )
    try:
        text = path.read_text(encoding=detect_encoding(path))
    except (OSError, UnicodeError) as error:
        raise InputError(f"the class list '{path}' can't be read: {error}") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"the class list '{path}' is empty: write one class per line")
    if {cell.strip().lower() for cell in lines[0].replace(";", ",").split(",")} == {
        "label",
        "class",
    }:
        return [_check_pair(path, known, *pair) for pair in _csv_pairs(path)]
    return [(_find_label(path, known, name), name) for name in lines]


def _csv_pairs(path: Path) -> list[tuple[str, str]]:
    table = open_table(path)
    at = {name.strip().lower(): position for name, position in table.columns.items()}
    return [(cells[at["label"]].strip(), cells[at["class"]].strip()) for _, cells in table.rows()]


def _check_pair(path: Path, known: LabelClasses, label: str, name: str) -> tuple[str, str]:
    if label not in known:
        raise UsageError(
            f"'{path}' names a label '{label}' that the model doesn't have{did_you_mean(label, known)}"
        )
    if name not in known[label]:
        near = did_you_mean(name, known[label])
        raise UsageError(
            f"'{path}' names a class '{name}' that the model doesn't have for '{label}'{near}"
        )
    return label, name


def _find_label(path: Path, known: LabelClasses, name: str) -> str:
    labels = [label for label, classes in known.items() if name in classes]
    if not labels:
        near = did_you_mean(name, {one for classes in known.values() for one in classes})
        raise UsageError(f"'{path}' names a class '{name}' that the model doesn't have{near}")
    if len(labels) > 1:
        raise UsageError(
            f"'{path}': class '{name}' is one of '{labels[0]}' and of '{labels[1]}': write a CSV with the columns label,class"
        )
    return labels[0]
