"""Events as a prediction file tells of them, row by row in any order."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import LabelledBox
from ctc.artifacts.predictions import ColumnValue
from ctc.errors import InputError

Floats = NDArray[np.float32]
ProbabilityRow = Sequence[float] | Floats


@dataclass(slots=True)
class PhotoDraft:
    """A photo: when it was taken, '' if not known, and the boxes in it."""

    taken: str = ""
    boxes: list[LabelledBox] = field(default_factory=list)


@dataclass(slots=True)
class LabelDraft:
    """What the file answers for a label of an event.

    `answer` is '' where only photos have answers; `photo_answers` are theirs. `present`: the
    present classes of a multi-label label.
    """

    answer: str = ""
    confidence: float = 0.0
    present: tuple[str, ...] | None = None
    columns: dict[str, ColumnValue] = field(default_factory=dict)
    photo_answers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class EventDraft:
    """An event: `meta` are further columns as text; `labels`, `photos` by name and path."""

    id: str
    place: str = ""
    time: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    labels: dict[str, LabelDraft] = field(default_factory=dict)
    photos: dict[str, PhotoDraft] = field(default_factory=dict)

    def label(self, name: str) -> LabelDraft:
        """Return the draft of a label, which is added if it is not there."""
        return self.labels.setdefault(name, LabelDraft())

    def photo(self, path: str) -> PhotoDraft:
        """Return the draft of a photo, which is added if it is not there."""
        return self.photos.setdefault(path, PhotoDraft())


class ProbabilityTable:
    """Probabilities of one label in rows that may name other classes, or leave some out."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, ...], tuple[array[int], array[float]]] = {}

    def add(self, row: int, classes: tuple[str, ...], values: ProbabilityRow) -> None:
        """Add a row; raises TypeError if a value is not a number."""
        rows, numbers = self._parts.setdefault(classes, (array("q"), array("f")))
        rows.append(row)
        if isinstance(values, np.ndarray):
            numbers.frombytes(np.asarray(values, np.float32).tobytes())
        else:
            numbers.extend(values)

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes, in the order of their first mention."""
        return tuple(dict.fromkeys(name for classes in self._parts for name in classes))

    @property
    def is_complete(self) -> bool:
        """Whether every row names all classes."""
        return all(len(classes) == len(self.classes) for classes in self._parts)

    def to_matrix(self, rows: int, label: str) -> Floats:
        """Return (rows, classes), 0 for a class that a row leaves out.

        Raises InputError if a row has no probabilities, or has some twice.
        """
        places = {name: number for number, name in enumerate(self.classes)}
        matrix, counts = np.zeros((rows, len(places)), np.float32), np.zeros(rows, np.int64)
        for classes, (numbers, values) in self._parts.items():
            own = np.asarray(numbers)
            columns = [places[name] for name in classes]
            matrix[own[:, None], columns] = np.asarray(values, np.float32).reshape(len(own), -1)
            counts += np.bincount(own, minlength=rows)
        for what, bad in (("no prediction", counts == 0), ("more than one prediction", counts > 1)):
            if bad.any():
                count = int(bad.sum())
                raise InputError(f"{count:,} of {rows:,} rows have {what} of label '{label}'")
        return matrix


@dataclass(slots=True)
class Drafts:
    """All events of a prediction file.

    `of_events`, `of_units`: probabilities by label; a unit is a photo, or a box of one, of the
    event `unit_events`; only one of the two is filled. `multi_label`: labels that may have several
    classes at once. `failed`: how many photos the file lists as failed, which are not in `events`.
    """

    events: list[EventDraft] = field(default_factory=list)
    of_events: dict[str, ProbabilityTable] = field(default_factory=dict)
    of_units: dict[str, ProbabilityTable] = field(default_factory=dict)
    unit_events: array[int] = field(default_factory=lambda: array("l"))
    multi_label: set[str] = field(default_factory=set)
    failed: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _units: dict[tuple[object, ...], int] = field(default_factory=dict)

    def event(self, event_id: str) -> tuple[int, EventDraft, bool]:
        """Return the number and draft of an event, and whether it is new."""
        number = self._numbers.setdefault(event_id, len(self.events))
        is_new = number == len(self.events)
        if is_new:
            self.events.append(EventDraft(event_id))
        return number, self.events[number], is_new

    def unit(self, event: int, *names: object) -> tuple[int, bool]:
        """Return the number of a unit, and whether it is new."""
        number = self._units.setdefault((event, *names), len(self._units))
        is_new = number == len(self.unit_events)
        if is_new:
            self.unit_events.append(event)
        return number, is_new

    def add(
        self,
        tables: dict[str, ProbabilityTable],
        row: int,
        label: str,
        classes: tuple[str, ...],
        values: ProbabilityRow,
    ) -> None:
        """Add probabilities to `of_events` or `of_units`; raises InputError for other values."""
        table = tables.get(label) or tables.setdefault(label, ProbabilityTable())
        try:
            table.add(row, classes, values)
        except TypeError:
            raise InputError(f"a probability of '{label}' is not a number") from None


def text_columns(values: Mapping[str, object], left_out: Iterable[str]) -> dict[str, str]:
    """Return the columns that have a value and are not left out, as text."""
    skipped = frozenset(left_out)
    return {
        name: str(value)
        for name, value in values.items()
        if name not in skipped and value is not None and value != ""
    }
