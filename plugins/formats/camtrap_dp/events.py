"""Observations of a Camtrap DP package, grouped by event."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from ctc.artifacts.boxes import LabelledBox
from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.artifacts.camtrap_dp.timestamps import parse_timestamp
from ctc.plugin import LeftOut

from ..duplicates import resolve_duplicate
from .labels import (
    LABELS,
    ObservationLabels,
    is_by_machine,
    max_count,
    merge_labels,
    parse_box,
    parse_labels,
    sum_counts,
)
from .media import Media, MediaPhoto
from .observed_event import SUPERSEDED, Answers, LevelObservations, ObservedEvent
from .rows import UnusableRowError, add_rows, require_value

ANY_LEVEL, EVENT_LEVEL, MEDIA_LEVEL = "any", "event", "media"
NO_SPAN = "it has no eventStart or eventEnd, and no photo names its event"
SHORTER = "in the time of two events: used in the shorter one only"
OTHER_LEVEL = "--observation-level leaves it out"


class SeenEvent(NamedTuple):
    """An event with its photos in order; `name`: the eventID of a photo that is its own event."""

    id: str
    photos: list[MediaPhoto]
    observations: tuple[ObservationLabels, ...]
    name: str | None


class ObservedEvents:
    """All events, filled row by row; a photo whose row names no event is an event by itself.

    `level`: which observations are read; of MEDIA_LEVEL, every photo is an event by itself.
    """

    def __init__(self, media: Media, first_wins: bool, level: str = ANY_LEVEL) -> None:
        self._media = media
        self._level = level
        self._of_photo: dict[tuple[str, bool], Answers] = {}
        self._first_wins = first_wins
        self._events: dict[_EventKey, ObservedEvent] = {}
        self._row_hashes: dict[str, int] = {}
        self.boxes: dict[str, list[LabelledBox]] = {}
        """Per path the boxes of a photo's media-based observations, with their labels."""

    def read(self, package: Package) -> Iterator[LeftOut]:
        """Read the observations; yields what was left out."""
        yield from add_rows(package, "observations", self._add)
        for media_id, photo in self._media.photos.items():
            event = self._events.get(_EventKey(photo.event)) if photo.event else None
            if event is not None:
                event.media_ids.append(media_id)

    def count_machines(self) -> int:
        """Return the number of events that only machines answered."""
        return sum(event.is_by_machines for event in self._events.values())

    def label_names(self) -> tuple[str, ...]:
        """Return `species` and every other label that any observation has a value for."""
        answers = {answer for event in self._events.values() for answer in event.observations()}
        used = (
            name
            for name in LABELS[1:]
            if any(getattr(answer, name) is not None for answer in answers)
        )
        return "species", *used

    def iter_events(
        self,
    ) -> Iterator[SeenEvent | LeftOut]:
        """Yield the events, or what belongs to none."""
        used: set[str] = set()
        photos_of = self._photos_of_events()
        yield from self._leave_to_shorter_events(photos_of)
        for key, event in sorted(self._events.items(), key=lambda item: item[0].is_single_photo):
            if key.is_single_photo and key.name in used:
                yield from (LeftOut(where, SUPERSEDED) for where in event.of_media().rows)
                continue
            ids = photos_of[key]
            if not ids:
                why = "its event has no photo" if event.spans else NO_SPAN
                yield from (LeftOut(where, why) for where in event.of_event().rows)
                continue
            used |= ids
            yield from event.left_out()
            photos = sorted((self._media.photos[i] for i in ids), key=lambda photo: photo[:3])
            clash = key.is_single_photo and _EventKey(key.name) in self._events
            name = f"media {key.name}" if clash else key.name
            yield SeenEvent(name, photos, event.observations(), event.name)
        unused = (photo for media_id, photo in self._media.photos.items() if media_id not in used)
        yield from (LeftOut(photo.path, "no observation") for photo in unused)

    def _photos_of_events(self) -> dict[_EventKey, set[str]]:
        """Return the mediaIDs of each event: those that name it, and those of its time spans."""
        return {
            key: {
                *event.media_ids,
                *(i for span in event.spans for i in self._media.between(event.deployment, *span)),
            }
            for key, event in self._events.items()
        }

    def _leave_to_shorter_events(self, photos_of: dict[_EventKey, set[str]]) -> Iterator[LeftOut]:
        """Take photos out of events that have them by their time alone, where a shorter one has.

        An event keeps its photos if it would lose all of them. Yields what was taken out.
        """
        shortest: dict[str, float] = {}
        for key, event in self._events.items():
            for media_id in photos_of[key] if event.spans else ():
                shortest[media_id] = min(event.duration, shortest.get(media_id, math.inf))
        for key, event in self._events.items():
            named = set(event.media_ids)
            taken = {
                i for i in photos_of[key] - named if shortest.get(i, math.inf) < event.duration
            }
            if taken and taken < photos_of[key]:
                photos_of[key] -= taken
                for path in sorted(self._media.photos[i].path for i in taken):
                    yield LeftOut(path, SHORTER)

    def _add(self, where: str, row: CsvRow) -> LeftOut | None:
        observation_id, content = require_value(row, "observationID"), hash(tuple(row.values()))
        if observation_id in self._row_hashes:
            return resolve_duplicate(
                where, "observation", self._row_hashes[observation_id] == content, self._first_wins
            )
        self._row_hashes[observation_id] = content
        level = require_value(row, "observationLevel")
        if level in (EVENT_LEVEL, MEDIA_LEVEL) and self._level not in (ANY_LEVEL, level):
            return LeftOut(where, OTHER_LEVEL)
        if level == "media":
            return self._add_media_based(where, row, parse_labels(row))
        if level == "event":
            self._add_event_based(where, row, parse_labels(row))
        else:
            raise UnusableRowError(f"its observationLevel '{level}' is neither 'media' nor 'event'")
        return None

    def _add_media_based(
        self, where: str, row: CsvRow, answer: ObservationLabels
    ) -> LeftOut | None:
        """Add a row; its box alone may be left out."""
        media_id = require_value(row, "mediaID")
        photo = self._media.photos.get(media_id)
        if photo is None:
            raise UnusableRowError("its mediaID is not that of a usable photo")
        name = row["eventID"] or photo.event
        is_alone = not name or self._level == MEDIA_LEVEL
        key = _EventKey(media_id, is_single_photo=True) if is_alone else _EventKey(name or "")
        event = self._get_or_create_event(key, photo.deployment)
        event.name = name if is_alone else None
        is_machine = is_by_machine(row)
        event.media_ids.append(media_id)
        self._add_row(event.of_media(), where, is_machine)
        self._add_to_photo(event.of_media(), (media_id, is_machine), answer)
        try:
            box = parse_box(row)
        except UnusableRowError as error:
            return LeftOut(where, str(error))
        if box is not None:
            known = {label: getattr(answer, label) for label in LABELS}
            labels = {label: value for label, value in known.items() if value is not None}
            own = LabelledBox(box, row["observationType"], labels)
            self.boxes.setdefault(photo.path, []).append(own)
        return None

    def _add_event_based(self, where: str, row: CsvRow, answer: ObservationLabels) -> None:
        deployment, name = require_value(row, "deploymentID"), row["eventID"]
        if deployment not in self._media.deployments:
            raise UnusableRowError("its deploymentID is not there")
        span = _parse_span(row)
        if span is None and name is None:
            raise UnusableRowError("it has no eventStart or eventEnd, and no eventID")
        event = self._get_or_create_event(
            _EventKey(name or f"{deployment} {row['eventStart']}/{row['eventEnd']}"), deployment
        )
        is_machine = is_by_machine(row)
        event.of_event().add(is_machine, answer, sum_counts)
        self._add_row(event.of_event(), where, is_machine)
        if span is not None:
            event.spans.add(span)

    def _add_to_photo(
        self, level: LevelObservations, photo: tuple[str, bool], answer: ObservationLabels
    ) -> None:
        """Add what is in a photo: there counts are summed, and of several the largest counts."""
        before = self._of_photo.get(photo, ())
        total = self._of_photo[photo] = merge_labels(before, answer, sum_counts)
        for changed in set(total) - set(before):
            level.add(photo[1], changed, max_count)

    def _add_row(self, level: LevelObservations, where: str, is_machine: bool) -> None:
        level.rows.append(where)
        if is_machine:
            level.machine_rows.append(where)

    def _get_or_create_event(self, key: _EventKey, deployment: str) -> ObservedEvent:
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = ObservedEvent(deployment)
        if event.deployment != deployment:
            raise UnusableRowError("its event is of another deployment")
        return event


def _parse_span(row: CsvRow) -> tuple[float, float] | None:
    """Return start and end in seconds, None if one is not given: the photos may name the event."""
    start, end = row["eventStart"], row["eventEnd"]
    if start is None or end is None:
        return None
    span = parse_timestamp(start), parse_timestamp(end)
    if span[0] is None or span[1] is None:
        raise UnusableRowError("its eventStart or eventEnd is no ISO 8601 time")
    return span[0], span[1]


class _EventKey(NamedTuple):
    """An eventID, or a mediaID when the photo is an event by itself."""

    name: str
    is_single_photo: bool = False
