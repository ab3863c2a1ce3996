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
from ctc.evaluation.answers.event_facts import EventFacts, night_by_hour
from ctc.evaluation.answers.predictions import Answers, Numbers, Scored

Combine = Callable[[Sequence[Probabilities]], Probabilities]
"""From what is said of each photo of an event to what is said of the event."""

CombineBy = Callable[[Collection[str]], Combine]
"""The way to do so, given the labels that may have several classes at once."""

Values = Sequence[float] | NDArray[np.float32]


@dataclass
class _Label:
    """`rows` and `values` grow together: `values` holds the probabilities of one row after the other."""

    classes: tuple[str, ...]
    rows: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("f"))


class AnswerGathering:
    """The answers of one unit. A row is told by its event and path."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], int] = {}
        self._labels: dict[str, _Label] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, event: int, path: str, label: str, classes: tuple[str, ...], values: Values) -> None:
        """An array of `values` is float32. Raises InputError when the label had other classes before."""
        known = self._labels.get(label) or self._labels.setdefault(label, _Label(classes))
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

    def answers(self) -> Answers:
        """Raises InputError when a row has two answers for a label, or none."""
        paths = tuple(path for _, path in self._rows)
        event = np.fromiter((event for event, _ in self._rows), np.int32, len(self._rows))
        return Answers(event, paths, {label: self._matrix(label, one) for label, one in self._labels.items()})

    def _matrix(self, label: str, one: _Label) -> NDArray[np.float32]:
        rows = np.asarray(one.rows)
        times = np.bincount(rows, minlength=len(self._rows))
        for what, bad in (("no prediction", times == 0), ("more than one prediction", times > 1)):
            if bad.any():
                raise InputError(f"{int(bad.sum()):,} of {len(times):,} rows have {what} of label '{label}'")
        matrix = np.empty((len(times), len(one.classes)), np.float32)
        matrix[rows] = np.frombuffer(one.values, np.float32).reshape(len(rows), -1)
        return matrix


class Gathering:
    """Events with their facts, and the answers for them and their photos."""

    def __init__(self) -> None:
        self.events, self.photos = AnswerGathering(), AnswerGathering()
        self._numbers: dict[str, int] = {}
        self._facts: list[EventFacts] = []

    def event(self, event_id: str, facts: EventFacts) -> int:
        """The event's number; the facts are those of its first mention."""
        number = self._numbers.setdefault(event_id, len(self._numbers))
        if number == len(self._facts):
            self._facts.append(facts)
        return number

    def scored(self, combine: Combine) -> Scored:
        """Without truth. Events of which only the photos were answered are combined of those."""
        if not self._numbers:
            raise InputError("there is no prediction")
        photos = self.photos.answers() if len(self.photos) else None
        classes = self.events.classes or self.photos.classes
        events = self.events.answers() if len(self.events) else combined(photos, len(self._numbers), combine)
        if len(events) != len(self._numbers):
            raise InputError(
                f"{len(self._numbers) - len(events):,} of {len(self._numbers):,} events have no prediction"
            )
        location, locations = numbered([facts.location for facts in self._facts])
        return Scored(
            classes=classes,
            ids=tuple(self._numbers),
            truth={},
            photos_in_event=_photos_in_event(photos, len(self._numbers)),
            location=location,
            locations=locations,
            night=np.array([_night(facts) for facts in self._facts], np.int8),
            taken=tuple(facts.taken for facts in self._facts),
            events=_with_first_photo(events, photos),
            photos=photos,
        )


def combined(photos: Answers | None, events: int, combine: Combine) -> Answers:
    """The answers of `events` events, each combined of its photos' answers."""
    if photos is None:
        raise InputError("there is no prediction")
    order = np.argsort(photos.event, kind="stable")
    bounds = np.searchsorted(photos.event[order], np.arange(events + 1))
    found: dict[str, list[NDArray[np.float32]]] = {label: [] for label in photos.probabilities}
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end].tolist()
        answer = combine([{label: values[row] for label, values in photos.probabilities.items()} for row in rows])
        for label, values in answer.items():
            found[label].append(values)
    return Answers(
        np.arange(events, dtype=np.int32),
        tuple(photos.paths[row] for row in order[bounds[:-1]].tolist()),
        {label: np.stack(values).astype(np.float32) for label, values in found.items()},
    )


def numbered(names: Iterable[str]) -> tuple[Numbers, tuple[str, ...]]:
    """The number of each name among the distinct ones, and those; MISSING for ''."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(name, len(numbers)) if name else MISSING for name in names]
    return np.array(found, np.int32), tuple(numbers)


def counted(names: Iterable[str]) -> Mapping[str, int]:
    """How often each name occurs, most frequent first."""
    return dict(Counter(names).most_common())


def _night(facts: EventFacts) -> int:
    told = night_by_hour(facts.taken) if facts.night is None else facts.night
    return MISSING if told is None else int(told)


def _photos_in_event(photos: Answers | None, events: int) -> Numbers:
    rows = np.array([], np.int32) if photos is None else photos.event
    return np.bincount(rows, minlength=events).astype(np.int32)


def _with_first_photo(events: Answers, photos: Answers | None) -> Answers:
    """The events in the order of their numbers, each with the path of its first photo where there is none yet."""
    order = np.argsort(events.event)
    probabilities = {label: values[order] for label, values in events.probabilities.items()}
    paths = [events.paths[row] for row in order.tolist()]
    if photos is not None:
        _, first = np.unique(photos.event, return_index=True)
        for event, row in zip(photos.event[first].tolist(), first.tolist(), strict=True):
            paths[event] = paths[event] or photos.paths[row]
    return Answers(events.event[order], tuple(paths), probabilities)
