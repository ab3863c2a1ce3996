"""The observations of a Camtrap DP package, gathered by event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ctc.plugin import LeftOut

from ..duplicates import repeated
from .labels import EMPTY, LABELS, Answer, answer_of, largest, merged, total
from .media import Media, Photo, seconds
from .package import Package, Row, UnusableRowError, each_row, needed

JUDGED = "its event has event-based observations"


@dataclass(slots=True)
class Event:
    """What rows say of an event: `judged` those of the whole event, `seen` those of single photos. `spans`: (start, end) in
    seconds; `media`: mediaIDs that name it; the rest is which rows these were."""

    deployment: str
    judged: tuple[Answer, ...] = ()
    seen: tuple[Answer, ...] = ()
    spans: set[tuple[float, float]] = field(default_factory=set)
    media: list[str] = field(default_factory=list)
    event_rows: list[str] = field(default_factory=list)
    media_rows: list[str] = field(default_factory=list)

    def answers(self) -> tuple[Answer, ...]:
        """Event-based ones, or else the media-based, where a photo of something says more than an empty or unknown one."""
        something = tuple(answer for answer in self.seen if answer.species not in (EMPTY, None))
        empty = tuple(answer for answer in self.seen if answer.species == EMPTY)
        return self.judged or something or empty or self.seen


class Events:
    """All events, filled row by row. A photo whose row names no event is an event of its own."""

    def __init__(self, media: Media, first_wins: bool) -> None:
        self._media = media
        self._first_wins = first_wins
        self._events: dict[_Key, Event] = {}
        self._contents: dict[str, int] = {}

    def read(self, package: Package) -> Iterator[LeftOut]:
        """Fill in everything; yields what was left out."""
        yield from each_row(package, "observations", self._add)
        for media_id, photo in self._media.photos.items():
            event = self._events.get(_Key(photo.event)) if photo.event else None
            if event is not None:
                event.media.append(media_id)

    def labels(self) -> tuple[str, ...]:
        """`species`, and what else any answer has a value for."""
        answers = {answer for event in self._events.values() for answer in event.answers()}
        used = (name for name in LABELS[1:] if any(getattr(answer, name) is not None for answer in answers))
        return "species", *used

    def found(self) -> Iterator[tuple[str, list[Photo], tuple[Answer, ...]] | LeftOut]:
        """(event id, its photos in order, its answers), and what belongs to nothing."""
        used: set[str] = set()
        for key, event in sorted(self._events.items(), key=lambda item: item[0].own):
            if key.own and key.name in used:
                yield from (LeftOut(where, JUDGED) for where in event.media_rows)
                continue
            ids = {*event.media, *(i for span in event.spans for i in self._media.between(event.deployment, *span))}
            if not ids:
                yield from (LeftOut(where, "its event has no photo") for where in event.event_rows)
                continue
            used |= ids
            if event.judged:
                yield from (LeftOut(where, JUDGED) for where in event.media_rows)
            photos = sorted((self._media.photos[i] for i in ids), key=lambda photo: photo[:3])
            clash = key.own and _Key(key.name) in self._events
            yield f"media {key.name}" if clash else key.name, photos, event.answers()
        unused = (photo for media_id, photo in self._media.photos.items() if media_id not in used)
        yield from (LeftOut(photo.path, "no observation") for photo in unused)

    def _add(self, where: str, row: Row) -> LeftOut | None:
        own_id, content = needed(row, "observationID"), hash(tuple(row.values()))
        if own_id in self._contents:
            return repeated(where, "observation", self._contents[own_id] == content, self._first_wins)
        self._contents[own_id] = content
        level = needed(row, "observationLevel")
        if level == "media":
            self._add_media_based(where, row, answer_of(row))
        elif level == "event":
            self._add_event_based(where, row, answer_of(row))
        else:
            raise UnusableRowError(f"its observationLevel '{level}' is neither 'media' nor 'event'")
        return None

    def _add_media_based(self, where: str, row: Row, answer: Answer) -> None:
        media_id = needed(row, "mediaID")
        photo = self._media.photos.get(media_id)
        if photo is None:
            raise UnusableRowError("its mediaID is not that of a usable photo")
        name = row["eventID"] or photo.event
        event = self._event(_Key(name) if name else _Key(media_id, own=True), photo.deployment)
        event.seen = merged(event.seen, answer, largest)
        event.media.append(media_id)
        event.media_rows.append(where)

    def _add_event_based(self, where: str, row: Row, answer: Answer) -> None:
        deployment, start, end = (needed(row, column) for column in ("deploymentID", "eventStart", "eventEnd"))
        span = seconds(start), seconds(end)
        if deployment not in self._media.deployments:
            raise UnusableRowError("its deploymentID is not there")
        if span[0] is None or span[1] is None:
            raise UnusableRowError("its eventStart or eventEnd is no ISO 8601 time")
        event = self._event(_Key(row["eventID"] or f"{deployment} {start}/{end}"), deployment)
        event.judged = merged(event.judged, answer, total)
        event.spans.add((span[0], span[1]))
        event.event_rows.append(where)

    def _event(self, key: _Key, deployment: str) -> Event:
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = Event(deployment)
        if event.deployment != deployment:
            raise UnusableRowError("its event is of another deployment")
        return event


class _Key(NamedTuple):
    """An eventID, or a mediaID when the photo is an event of its `own`."""

    name: str
    own: bool = False
