"""Apply a class list and thresholds to the probabilities of the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.label_schema import LabelClasses, LabelSchema, LabelThresholds
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import PRESENCE_THRESHOLD, UNKNOWN, UNLIKE_ANYTHING
from ctc.errors import InputError, UsageError, did_you_mean, reason
from ctc.inference.own_thresholds import OwnThresholds, own_thresholds
from ctc.storage.csv_reader import open_table
from ctc.storage.text_encoding import detect_encoding

MAX_LISTED_NAMES = 10
WHOLE_PHOTOS = PredictionSetup()
"""Whole photos, and the mean of an event's."""
_GIVEN = "the argument classes"
_CROPS_NOTE = (
    "the model learnt from photos cut to a detector's boxes: so are those of an inventory with"
    " boxes, others are predicted whole"
)

ModelOutputs = Mapping[str, NDArray[np.float32]]
ClassList = Path | Iterable[str] | Mapping[str, Iterable[str]]
"""The classes that are possible: a file with them, their names, or their names per label."""


@dataclass(frozen=True)
class Postprocessor:
    """Selects the classes that are possible, and knows their thresholds.

    `schema`: the labels with the classes that are kept, in the model's order, and their thresholds.
    `kept_indices`: per label with a class list, the indices of its classes in the model's output.
    `notes`: for the user and the output.
    """

    schema: LabelSchema
    kept_indices: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def apply(self, outputs: ModelOutputs) -> ModelOutputs:
        """Return the kept columns of each label's probabilities, (N, the model's classes).

        Where a label has a class list and is not multi-label, each row is normalised to sum to 1;
        if its sum is 0, all classes get the same probability.
        """
        return {label: self._apply_label(label, values) for label, values in outputs.items()}

    def _apply_label(self, label: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if label not in self.kept_indices:
            return values
        kept = values[:, self.kept_indices[label]]
        return kept if label in self.schema.multi_label else _normalize(kept)


def make_postprocessor(
    info: ModelInfo,
    threshold: float | None = None,
    class_list: ClassList | None = None,
    strangers: bool = True,
    setup: PredictionSetup = WHOLE_PHOTOS,
) -> Postprocessor:
    """Return the postprocessor of a model.

    `setup`: how events are predicted; the model's own thresholds apply where they were fitted for
    that, else none, with a note.

    `strangers`: whether events that are unlike anything learnt become unknown, if the model can
    tell.

    `threshold`: for every class, in place of the model's own thresholds. `class_list`: the classes
    that are possible. Raises CtcError for a class list that can't be read or is empty, or that has
    a class that the model doesn't have.
    """
    own = info.schema
    listed = {} if class_list is None else _resolve_class_list(class_list, own.labels)
    kept = {
        label: np.array([own.labels[label].index(name) for name in classes])
        for label, classes in listed.items()
    }
    fitted = own_thresholds(info, setup) if threshold is None else OwnThresholds()
    thresholds = _thresholds(own, fitted.events, threshold, kept)
    photos = _thresholds(own, fitted.photos, None, kept) if fitted.photos else {}
    limit = info.stranger_threshold if strangers else None
    schema = LabelSchema({**own.labels, **listed}, thresholds, own.multi_label, limit, photos)
    crops = [_CROPS_NOTE] if info.preprocessing.crop_margin is not None else []
    restrictions = [_restriction_note(label, classes, own) for label, classes in listed.items()]
    notes = (
        *crops,
        *restrictions,
        *fitted.notes,
        *_threshold_notes(schema, threshold, fitted, bool(listed)),
        *([] if limit is None else [_stranger_note(info)]),
    )
    return Postprocessor(schema, kept, notes)


def _normalize(values: NDArray[np.float32]) -> NDArray[np.float32]:
    exact = values.astype(np.float64)
    sums = exact.sum(axis=1, keepdims=True)
    equal = np.full_like(exact, 1 / exact.shape[1])
    return np.asarray(np.divide(exact, sums, out=equal, where=sums > 0), np.float32)


def _restriction_note(label: str, classes: tuple[str, ...], own: LabelSchema) -> str:
    known = own.labels[label]
    out = [f"'{name}'" for name in known if name not in classes]
    then = "" if label in own.multi_label else ", whose probabilities sum to 1 again"
    return (
        f"'{label}' is restricted to {len(classes)} of its {len(known)} classes{then};"
        f" left out: {_format_names(out) or 'none'}"
    )


def _threshold_notes(
    schema: LabelSchema, threshold: float | None, own: OwnThresholds, restricted: bool
) -> Iterator[str]:
    limit = "the model's own thresholds" if threshold is None else f"{threshold:g}"
    if schema.thresholds.keys() - set(schema.multi_label):
        yield f"answers below {limit} are '{UNKNOWN}'{_promise(own, restricted)}"
    for label in schema.multi_label:
        is_usual = threshold is None and label not in own.events
        start = f"{PRESENCE_THRESHOLD:g}" if is_usual else limit
        yield (
            f"'{label}' may have several classes at once: those are there whose probability"
            f" reaches {start}"
        )
    for label, limits in schema.thresholds.items():
        if None in limits:
            yield _unreachable_note(label, limits, schema)


def _promise(own: OwnThresholds, restricted: bool) -> str:
    """Return what the thresholds promise, and for whom; '' if they don't."""
    found = own.promise
    given = (limit for limits in own.events.values() for limit in limits)
    if found is None or all(limit is None for limit in given):
        return ""
    if restricted:
        return "; they promise nothing with fewer classes"
    each = "for all classes at once" if found.joint else "for each class"
    return (
        f"; at least {found.precision:.0%} of the others are right at {found.scope}, promised with "
        f"{found.confidence:.0%} confidence {each}"
    )


def _stranger_note(info: ModelInfo) -> str:
    found = info.strangers
    rate, confidence = found.get("false_alarm_rate"), found.get("confidence")
    promise = (
        f"; so are at most {rate:.1%} of events of known classes, with {confidence:.0%} confidence"
        if isinstance(rate, float) and isinstance(confidence, float)
        else ""
    )
    return f"events that are {UNLIKE_ANYTHING} are '{UNKNOWN}'{promise}"


def _unreachable_note(label: str, limits: tuple[float | None, ...], schema: LabelSchema) -> str:
    pairs = zip(schema.labels[label], limits, strict=True)
    names = _format_names([f"'{name}'" for name, lowest in pairs if lowest is None])
    what = (
        f"never has {names}"
        if label in schema.multi_label
        else f"is '{UNKNOWN}' wherever it would be {names}"
    )
    return f"'{label}' {what}: no probability of theirs can be believed"


def _format_names(names: list[str]) -> str:
    return ", ".join(names[:MAX_LISTED_NAMES]) + (
        f" and {len(names) - MAX_LISTED_NAMES} more" if len(names) > MAX_LISTED_NAMES else ""
    )


def _thresholds(
    own: LabelSchema,
    fitted: LabelThresholds,
    threshold: float | None,
    kept: Mapping[str, NDArray[np.intp]],
) -> dict[str, tuple[float | None, ...]]:
    """Return the thresholds of the kept classes; 0 is no threshold unless multi-label."""
    found: dict[str, tuple[float | None, ...]] = {}
    for label, classes in own.labels.items():
        indices = kept[label].tolist() if label in kept else range(len(classes))
        if threshold is not None and (threshold or label in own.multi_label):
            found[label] = (threshold,) * len(indices)
        elif threshold is None and label in fitted:
            found[label] = tuple(fitted[label][index] for index in indices)
    return found


def _resolve_class_list(classes: ClassList, known: LabelClasses) -> LabelClasses:
    """Return, per label in the list, its classes in the list, in the model's order."""
    listed: dict[str, set[str]] = {}
    pairs = (
        _file_pairs(classes, known) if isinstance(classes, Path) else _given_pairs(classes, known)
    )
    for label, name in pairs:
        listed.setdefault(label, set()).add(name)
    return {
        label: tuple(name for name in known[label] if name in names)
        for label, names in listed.items()
    }


def _given_pairs(
    classes: Iterable[str] | Mapping[str, Iterable[str]], known: LabelClasses
) -> list[tuple[str, str]]:
    """Return (label, class) for each name that the caller gave."""
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise UsageError(
            f"{_GIVEN} is {classes!r}: give a list of names, a mapping from labels to lists, or "
            "the Path of a file"
        )
    if isinstance(classes, Mapping):
        named = [(label, name) for label, names in classes.items() for name in names]
        pairs = [_check_pair(_GIVEN, known, str(label), str(name)) for label, name in named]
    else:
        pairs = [(_find_label(_GIVEN, known, str(name)), str(name)) for name in classes]
    if not pairs:
        raise UsageError(f"{_GIVEN} is empty: leave it out for all classes of the model")
    return pairs


def _file_pairs(path: Path, known: LabelClasses) -> list[tuple[str, str]]:
    """Return (label, class) for each line."""
    if not path.is_file():
        raise UsageError(
            f"the class list '{path}' is not there: give a text file with one class per line"
        )
    try:
        text = path.read_text(encoding=detect_encoding(path))
    except (OSError, UnicodeError) as error:
        raise InputError(f"the class list '{path}' can't be read: {reason(error)}") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"the class list '{path}' is empty: write one class per line")
    if {cell.strip().lower() for cell in lines[0].replace(";", ",").split(",")} == {
        "label",
        "class",
    }:
        return [_check_pair(f"'{path}'", known, *pair) for pair in _csv_pairs(path)]
    return [(_find_label(f"'{path}'", known, name), name) for name in lines]


def _csv_pairs(path: Path) -> list[tuple[str, str]]:
    table = open_table(path)
    at = {name.strip().lower(): position for name, position in table.columns.items()}
    return [(cells[at["label"]].strip(), cells[at["class"]].strip()) for _, cells in table.rows()]


def _check_pair(source: str, known: LabelClasses, label: str, name: str) -> tuple[str, str]:
    if label not in known:
        raise UsageError(
            f"{source} has a label '{label}' that the model doesn't have"
            f"{did_you_mean(label, known)}"
        )
    if name not in known[label]:
        near = did_you_mean(name, known[label])
        raise UsageError(
            f"{source} has a class '{name}' that the model doesn't have for '{label}'{near}"
        )
    return label, name


def _find_label(source: str, known: LabelClasses, name: str) -> str:
    labels = [label for label, classes in known.items() if name in classes]
    if not labels:
        near = did_you_mean(name, {one for classes in known.values() for one in classes})
        raise UsageError(f"{source} has a class '{name}' that the model doesn't have{near}")
    if len(labels) > 1:
        raise UsageError(
            f"{source}: class '{name}' belongs to '{labels[0]}' and to '{labels[1]}': "
            + (
                "give a mapping from labels to lists"
                if source == _GIVEN
                else "write a CSV with the columns label,class"
            )
        )
    return labels[0]
