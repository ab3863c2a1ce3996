"""One event of a package with its observations: by level, and by people or machines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from ctc.plugin import LeftOut

from .labels import EMPTY, CombineCounts, ObservationLabels, merge_labels

SUPERSEDED = "its event has event-based observations"
BY_PEOPLE = "it is a machine's, and people answered its event"

Answers = tuple[ObservationLabels, ...]


@dataclass(slots=True)
class LevelObservations:
    """Observations of an event at one level; `rows` are where they come from."""

    people: Answers = ()
    machines: Answers = ()
    rows: list[str] = field(default_factory=list)
    machine_rows: list[str] = field(default_factory=list)

    def add(
        self, is_machine: bool, answer: ObservationLabels, combine_counts: CombineCounts
    ) -> None:
        """Add an answer of people or of a machine."""
        if is_machine:
            self.machines = merge_labels(self.machines, answer, combine_counts)
        else:
            self.people = merge_labels(self.people, answer, combine_counts)

    def surest(self) -> Answers:
        """Return the answers of people, or else of machines."""
        return self.people or self.machines


_NONE = LevelObservations()


@dataclass(slots=True)
class ObservedEvent:
    """Observations of one event and the rows that they come from.

    `event_based` are those of the whole event, `media_based` those of single photos; None without
    any. `spans` are (start, end) in seconds; `media_ids` are the mediaIDs that name the event;
    `name` is the eventID of a photo that is an event by itself.
    """

    deployment: str
    event_based: LevelObservations | None = None
    media_based: LevelObservations | None = None
    spans: set[tuple[float, float]] = field(default_factory=set)
    media_ids: list[str] = field(default_factory=list)
    name: str | None = None

    @property
    def duration(self) -> float:
        """The longest of its time spans in seconds, infinite if it has none."""
        return max((end - start for start, end in self.spans), default=math.inf)

    @property
    def is_by_machines(self) -> bool:
        """Whether no person answered at the level that counts."""
        return not (self.event_based or self.media_based or _NONE).people

    def of_event(self) -> LevelObservations:
        """Return the event-based observations, to be added to."""
        self.event_based = self.event_based or LevelObservations()
        return self.event_based

    def of_media(self) -> LevelObservations:
        """Return the media-based observations, to be added to."""
        self.media_based = self.media_based or LevelObservations()
        return self.media_based

    def observations(self) -> Answers:
        """Return the event-based observations, or else the media-based ones.

        People take precedence over machines; among media-based ones, animals over empty photos, and
        those over unknown ones.
        """
        if self.event_based:
            return self.event_based.surest()
        found = (self.media_based or _NONE).surest()
        something = tuple(answer for answer in found if answer.species not in (EMPTY, None))
        empty = tuple(answer for answer in found if answer.species == EMPTY)
        return something or empty or found

    def left_out(self) -> Iterator[LeftOut]:
        """Yield the rows that do not count: of the lower level, and of machines beside people."""
        media_based = self.media_based or _NONE
        if self.event_based:
            yield from (LeftOut(where, SUPERSEDED) for where in media_based.rows)
        counting = self.event_based or media_based
        if counting.people:
            yield from (LeftOut(where, BY_PEOPLE) for where in counting.machine_rows)
