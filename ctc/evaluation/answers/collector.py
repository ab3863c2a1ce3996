"""Answers that come one by one, in whatever order, become columns."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import Probabilities
from ctc.errors import InputError
from ctc.evaluation.answers.event_facts import EventFacts, is_night_by_hour
from ctc.evaluation.answers.predictions import EvaluationData, Int32Array, UnitPredictions

Aggregator = Callable[[Sequence[Probabilities]], Probabilities]
"""From what is said of each photo of an event to what is said of the event."""

AggregatorFactory = Callable[[Collection[str]], Aggregator]
"""The way to do so, given the labels that may have several classes at once."""

ProbabilityRow = Sequence[float] | NDArray[np.float32]


@dataclass
class _LabelBuffer:
    """`rows` and `values` grow together: `values` holds the probabilities of one row after the
    other."""

    classes: tuple[str, ...]
    rows: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("f"))


class UnitCollector:
    """The answers of one unit. A row is told by its event and path."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], int] = {}
        self._labels: dict[str, _LabelBuffer] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self, event: int, path: str, label: str, classes: tuple[str, ...], values: ProbabilityRow
    ) -> None:
        """An array of `values` is float32. Raises InputError when the label had other classes
        before."""
        known = self._labels.get(label) or self._labels.setdefault(label, _LabelBuffer(classes))
        if known.classes != classes:
            raise InputError(
                f"label '{label}' has the classes {list(known.classes)[:10]} and then {list(classes)[:10]}"
            )
        known.rows.append(self._rows.setdefault((event, path), len(self._rows)))
        if isinstance(values, np.ndarray):
            known.values.frombytes(values.tobytes())
        else:
            known.values.extend(values)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        return {label: one.classes for label, one in self._labels.items()}

    def to_predictions(self) -> UnitPredictions:
        """Raises InputError when a row has two answers for a label, or none."""
        paths = tuple(path for _, path in self._rows)
        event = np.fromiter((event for event, _ in self._rows), np.int32, len(self._rows))
        return UnitPredictions(
            event,
            paths,
            {label: self._to_matrix(label, one) for label, one in self._labels.items()},
        )

    def _to_matrix(self, label: str, one: _LabelBuffer) -> NDArray[np.float32]:
        rows = np.asarray(one.rows)
        times = np.bincount(rows, minlength=len(self._rows))
        for what, bad in (("no prediction", times == 0), ("more than one prediction", times > 1)):
            if bad.any():
                raise InputError(
                    f"{int(bad.sum()):,} of {len(times):,} rows have {what} of label '{label}'"
                )
        matrix = np.empty((len(times), len(one.classes)), np.float32)
        matrix[rows] = np.frombuffer(one.values, np.float32).reshape(len(rows), -1)
        return matrix


class PredictionCollector:
    """Events with their facts, and the answers for them and their photos."""

    def __init__(self) -> None:
        self.events, self.photos = UnitCollector(), UnitCollector()
        self._numbers: dict[str, int] = {}
        self._facts: list[EventFacts] = []

    def add_event(self, event_id: str, facts: EventFacts) -> int:
        """The event's number; the facts are those of its first mention."""
        number = self._numbers.setdefault(event_id, len(self._numbers))
        if number == len(self._facts):
            self._facts.append(facts)
        return number

    def to_evaluation_data(self, aggregator: Aggregator) -> EvaluationData:
        """Without truth. Events of which only the photos were answered are combined of those."""
        if not self._numbers:
            raise InputError("there is no prediction")
        photos = self.photos.to_predictions() if len(self.photos) else None
        classes = self.events.classes or self.photos.classes
        events = (
            self.events.to_predictions()
            if len(self.events)
            else aggregate_by_event(photos, len(self._numbers), aggregator)
        )
        if len(events) != len(self._numbers):
            raise InputError(
                f"{len(self._numbers) - len(events):,} of {len(self._numbers):,} events have no prediction"
            )
        location, locations = factorize([facts.location for facts in self._facts])
        return EvaluationData(
            classes=classes,
            event_ids=tuple(self._numbers),
            truth={},
            photos_in_event=_count_photos(photos, len(self._numbers)),
            location=location,
            locations=locations,
            night=np.array([_night_flag(facts) for facts in self._facts], np.int8),
            timestamps=tuple(facts.timestamp for facts in self._facts),
            events=_add_photo_paths(events, photos),
            photos=photos,
        )


def aggregate_by_event(
    photos: UnitPredictions | None, n_events: int, aggregator: Aggregator
) -> UnitPredictions:
    """The answers of `n_events` events, each combined of its photos' answers."""
    if photos is None:
        raise InputError("there is no prediction")
    order = np.argsort(photos.event, kind="stable")
    bounds = np.searchsorted(photos.event[order], np.arange(n_events + 1))
    found: dict[str, list[NDArray[np.float32]]] = {label: [] for label in photos.probabilities}
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end].tolist()
        answer = aggregator(
            [{label: values[row] for label, values in photos.probabilities.items()} for row in rows]
        )
        for label, values in answer.items():
            found[label].append(values)
    return UnitPredictions(
        np.arange(n_events, dtype=np.int32),
        tuple(photos.paths[row] for row in order[bounds[:-1]].tolist()),
        {label: np.stack(values).astype(np.float32) for label, values in found.items()},
    )


def factorize(names: Iterable[str]) -> tuple[Int32Array, tuple[str, ...]]:
    """The number of each name among the distinct ones, and those; MISSING for ''."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(name, len(numbers)) if name else MISSING for name in names]
    return np.array(found, np.int32), tuple(numbers)


def value_counts(names: Iterable[str]) -> Mapping[str, int]:
    """How often each name occurs, most frequent first."""
    return dict(Counter(names).most_common())


def _night_flag(facts: EventFacts) -> int:
    told = is_night_by_hour(facts.timestamp) if facts.night is None else facts.night
    return MISSING if told is None else int(told)


def _count_photos(photos: UnitPredictions | None, events: int) -> Int32Array:
    rows = np.array([], np.int32) if photos is None else photos.event
    return np.bincount(rows, minlength=events).astype(np.int32)


def _add_photo_paths(events: UnitPredictions, photos: UnitPredictions | None) -> UnitPredictions:
    """The events in the order of their numbers, each with the path of its first photo where there
    is none yet."""
    order = np.argsort(events.event)
    probabilities = {label: values[order] for label, values in events.probabilities.items()}
    paths = [events.paths[row] for row in order.tolist()]
    if photos is not None:
        _, first = np.unique(photos.event, return_index=True)
        for event, row in zip(photos.event[first].tolist(), first.tolist(), strict=True):
            paths[event] = paths[event] or photos.paths[row]
    return UnitPredictions(events.event[order], tuple(paths), probabilities)
