"""Collection of predictions that arrive one by one, in any order, into columns."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.pooling import Attention
from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import Aggregator, aggregate_by_event
from ctc.evaluation.answers.event_facts import EventFacts
from ctc.evaluation.answers.predictions import EvaluationData, Int32Array, UnitPredictions

ProbabilityRow = Sequence[float] | NDArray[np.float32]
"""Probabilities of one prediction, (classes,)."""


@dataclass
class _LabelBuffer:
    """Predictions of one label: `values` holds the probabilities of each of `rows`, in turn."""

    classes: tuple[str, ...]
    rows: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("f"))


class UnitCollector:
    """Predictions of one unit, events or photos; a row is identified by event and path."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], int] = {}
        self._labels: dict[str, _LabelBuffer] = {}
        self._attention: list[Attention] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self, event: int, path: str, label: str, classes: tuple[str, ...], values: ProbabilityRow
    ) -> None:
        """Add a prediction; `values` may be a sequence or a float32 array.

        Raises InputError if the label had other classes before.
        """
        buffer = self._labels.get(label) or self._labels.setdefault(label, _LabelBuffer(classes))
        if buffer.classes != classes:
            raise InputError(
                f"label '{label}' has the classes {list(buffer.classes)[:10]}"
                f" and then {list(classes)[:10]}"
            )
        buffer.rows.append(self._rows.setdefault((event, path), len(self._rows)))
        if isinstance(values, np.ndarray):
            buffer.values.frombytes(values.tobytes())
        else:
            buffer.values.extend(values)

    def add_attention(self, attention: Attention) -> None:
        """Add that of the row that was added last; either all rows have one or none."""
        self._attention.append(attention)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Class names by label, in the order of the probabilities."""
        return {label: buffer.classes for label, buffer in self._labels.items()}

    def to_predictions(self) -> UnitPredictions:
        """Return all rows as columns.

        Raises InputError if a row has no prediction of a label, or more than one.
        """
        paths = tuple(path for _, path in self._rows)
        event = np.fromiter((event for event, _ in self._rows), np.int32, len(self._rows))
        return UnitPredictions(
            event,
            paths,
            {label: self._to_matrix(label, buffer) for label, buffer in self._labels.items()},
            np.array(self._attention, np.float64) if self._attention else None,
        )

    def _to_matrix(self, label: str, buffer: _LabelBuffer) -> NDArray[np.float32]:
        rows = np.asarray(buffer.rows)
        counts = np.bincount(rows, minlength=len(self._rows))
        for what, bad in (("no prediction", counts == 0), ("more than one prediction", counts > 1)):
            if bad.any():
                raise InputError(
                    f"{int(bad.sum()):,} of {len(counts):,} rows have {what} of label '{label}'"
                )
        matrix = np.empty((len(counts), len(buffer.classes)), np.float32)
        matrix[rows] = np.frombuffer(buffer.values, np.float32).reshape(len(rows), -1)
        return matrix


class PredictionCollector:
    """Predictions of events and of their photos, with the facts about each event."""

    def __init__(self) -> None:
        self.events, self.photos = UnitCollector(), UnitCollector()
        self._numbers: dict[str, int] = {}
        self._facts: list[EventFacts] = []

    def add_event(self, event_id: str, facts: EventFacts) -> int:
        """Return the event's number; the facts of its first mention are kept."""
        number = self._numbers.setdefault(event_id, len(self._numbers))
        if number == len(self._facts):
            self._facts.append(facts)
        return number

    def to_evaluation_data(self, aggregator: Aggregator) -> EvaluationData:
        """Return all predictions as columns, without ground truth.

        Where only photos have predictions, `aggregator` combines those of each event. Raises
        InputError if there are no predictions, or none of an event.
        """
        if not self._numbers:
            raise InputError("there is no prediction")
        photos = self.photos.to_predictions() if len(self.photos) else None
        classes = self.events.classes or self.photos.classes
        events = (
            self.events.to_predictions()
            if len(self.events)
            else aggregate_by_event(photos, len(self._numbers), aggregator, classes)
        )
        if len(events) != len(self._numbers):
            raise InputError(
                f"{len(self._numbers) - len(events):,} of {len(self._numbers):,} events"
                " have no prediction"
            )
        location, locations = factorize([facts.location for facts in self._facts])
        return EvaluationData(
            classes=classes,
            event_ids=tuple(self._numbers),
            truth={},
            photos_in_event=_count_photos(photos, len(self._numbers)),
            location=location,
            locations=locations,
            light=np.array([facts.light for facts in self._facts], np.int8),
            timestamps=tuple(facts.timestamp for facts in self._facts),
            events=_add_photo_paths(events, photos),
            photos=photos,
        )


def factorize(names: Iterable[str]) -> tuple[Int32Array, tuple[str, ...]]:
    """Return the code of each name, and the distinct names; '' has the code MISSING."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(name, len(numbers)) if name else MISSING for name in names]
    return np.array(codes, np.int32), tuple(numbers)


def value_counts(names: Iterable[str]) -> Mapping[str, int]:
    """Count each name, most frequent first."""
    return dict(Counter(names).most_common())


def _count_photos(photos: UnitPredictions | None, events: int) -> Int32Array:
    rows = np.array([], np.int32) if photos is None else photos.event
    return np.bincount(rows, minlength=events).astype(np.int32)


def _add_photo_paths(events: UnitPredictions, photos: UnitPredictions | None) -> UnitPredictions:
    """Sort events by number, and give those without a path that of their first photo."""
    order = np.argsort(events.event)
    probabilities = {label: values[order] for label, values in events.probabilities.items()}
    paths = [events.paths[row] for row in order.tolist()]
    if photos is not None:
        _, first = np.unique(photos.event, return_index=True)
        for event, row in zip(photos.event[first].tolist(), first.tolist(), strict=True):
            paths[event] = paths[event] or photos.paths[row]
    return UnitPredictions(events.event[order], tuple(paths), probabilities)
