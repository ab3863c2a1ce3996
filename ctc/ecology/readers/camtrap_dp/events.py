"""Events of a Camtrap DP package, with the observations and photos that belong to them.

A photo belongs to the event that it or its observation names; else to the event of its deployment
whose eventStart and eventEnd it is between, the shortest of several; else it is its own event.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.artifacts.camtrap_dp.timestamps import parse_moment, parse_timestamp


class Seen(NamedTuple):
    """What an observation says; `individuals` 0 is unknown, `by` who says it, '' is unknown."""

    name: str
    individuals: int
    is_machine: bool
    by: str = ""


class _Photo(NamedTuple):
    time: float
    text: str
    deployment: str
    event: str | None
    path: str


@dataclass(slots=True)
class PackageEvent:
    """An event; `start` is its eventStart, `photos` the times of its photos by path, in order.

    `of_event` are its event-based observations, `of_photo` the media-based ones by mediaID.
    """

    id: str
    deployment: str
    start: str = ""
    photos: dict[str, str] = field(default_factory=dict)
    spans: set[tuple[float, float]] = field(default_factory=set)
    of_event: list[Seen] = field(default_factory=list)
    of_photo: dict[str, list[Seen]] = field(default_factory=dict)

    @property
    def first_photo(self) -> str:
        """The time of the first photo, '' if none is known."""
        return next(iter(self.photos.values()), "")

    def of_photos(self) -> list[Seen]:
        """Return all media-based observations."""
        return [one for rows in self.of_photo.values() for one in rows]

    def most_in_a_photo(self) -> dict[str, int]:
        """Return the most individuals of each name in one photo."""
        most: dict[str, int] = {}
        for rows in self.of_photo.values():
            for name in {one.name for one in rows}:
                count = sum(one.individuals for one in rows if one.name == name)
                most[name] = max(count, most.get(name, 0))
        return most


class PackagePhotos:
    """The photos of a package by mediaID.

    `named`: by deployment and event, the mediaIDs of the photos that name the event.
    """

    def __init__(self, package: Package) -> None:
        self.by_id: dict[str, _Photo] = {}
        self.named: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._ids: dict[str, list[str]] = defaultdict(list)
        for _, row in package.rows("media"):
            self._add(row)
        for ids in self._ids.values():
            ids.sort(key=self._time)

    def _add(self, row: CsvRow) -> None:
        media_id, deployment = row["mediaID"] or "", row["deploymentID"] or ""
        text = row["timestamp"] or ""
        moment, _ = parse_moment(text)
        if moment is None:
            text = ""
        elif moment.tzinfo is not None:
            text = moment.isoformat()
        time = parse_timestamp(text)
        photo = _Photo(
            math.inf if time is None else time,
            text,
            deployment,
            row["eventID"],
            row["filePath"] or media_id,
        )
        self.by_id[media_id] = photo
        if time is not None:
            self._ids[deployment].append(media_id)
        if photo.event:
            self.named[deployment, photo.event].append(media_id)

    def _time(self, media_id: str) -> float:
        return self.by_id[media_id].time

    def _moment(self, media_id: str) -> datetime:
        moment, _ = parse_moment(self.by_id[media_id].text)
        assert moment is not None  # of photos with a time
        return moment

    def span(self, deployment: str) -> tuple[float, float] | None:
        """Return the times of a deployment's first and last photo in seconds, None without any."""
        ids = self._ids.get(deployment)
        return (self.by_id[ids[0]].time, self.by_id[ids[-1]].time) if ids else None

    def first_and_last(self, deployment: str) -> tuple[str, str] | None:
        """Return the times of a deployment's first and last photo, ISO 8601, None without any."""
        ids = self._ids.get(deployment)
        return (self.by_id[ids[0]].text, self.by_id[ids[-1]].text) if ids else None

    def zone_near(self, deployment: str, time: float) -> tzinfo | None:
        """Return the zone of the deployment's photo nearest to a time in seconds, if it has one.

        A clock that changes to summer time has several.
        """
        ids = self._ids.get(deployment)
        if not ids:
            return None
        at = bisect_left(ids, time, key=self._time)
        nearest = min(ids[max(at - 1, 0) : at + 1], key=lambda one: abs(self._time(one) - time))
        return self._moment(nearest).tzinfo

    def clock_span(
        self, deployment: str, start: float, end: float
    ) -> tuple[datetime, datetime] | None:
        """Return the first and last time that the clock showed in photos from `start` to `end`.

        When summer time ends, that is not always the first and the last photo.
        """
        ids = self.between(deployment, start, end)
        shown = [self._moment(one).replace(tzinfo=None) for one in ids]
        return (min(shown), max(shown)) if shown else None

    def between(self, deployment: str, start: float, end: float) -> list[str]:
        """Return the mediaIDs of a deployment's photos from `start` to `end`, in order."""
        ids = self._ids.get(deployment, [])
        first = bisect_left(ids, start, key=self._time)
        return ids[first : bisect_right(ids, end, key=self._time)]


class PackageEvents:
    """The events of a package, filled row by row."""

    def __init__(self, photos: PackagePhotos) -> None:
        self._photos = photos
        self._events: dict[tuple[str, str], PackageEvent] = {}
        self._loose: list[tuple[str, str, Seen]] = []

    def add_of_event(self, row: CsvRow, seen: Seen) -> None:
        """Add an event-based observation."""
        deployment, start, end = (
            row[name] or "" for name in ("deploymentID", "eventStart", "eventEnd")
        )
        event = self._event(row["eventID"] or f"{deployment} {start}/{end}", deployment)
        event.of_event.append(seen)
        event.start = event.start or start
        low, high = parse_timestamp(start), parse_timestamp(end)
        if low is not None and high is not None:
            event.spans.add((low, high))

    def add_of_photo(self, row: CsvRow, seen: Seen) -> None:
        """Add a media-based observation."""
        media_id, deployment = row["mediaID"] or "", row["deploymentID"] or ""
        photo = self._photos.by_id.get(media_id)
        name = row["eventID"] or (photo.event if photo else None)
        if not name and photo is not None:
            self._loose.append((media_id, deployment, seen))
            return
        name = name or media_id or f"{deployment} {row['eventStart'] or ''}"
        event = self._event(name, deployment)
        event.start = event.start or row["eventStart"] or ""
        event.of_photo.setdefault(media_id, []).append(seen)

    def finish(self) -> list[PackageEvent]:
        """Return all events, with their photos."""
        spans = _Spans(self._events.values())
        for media_id, deployment, seen in self._loose:
            found = spans.shortest(deployment, self._photos.by_id[media_id].time)
            event = found or self._event(f"media {media_id}", deployment)
            event.of_photo.setdefault(media_id, []).append(seen)
        for event in self._events.values():
            event.photos = {photo.path: photo.text for photo in self._photos_of(event)}
        return list(self._events.values())

    def _event(self, name: str, deployment: str) -> PackageEvent:
        """Return the event of a name, which may occur in several deployments."""
        key = (deployment, name)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = PackageEvent(name, deployment)
        return event

    def _photos_of(self, event: PackageEvent) -> list[_Photo]:
        """Return the photos that the event names, or that name it, or that it has by its time."""
        named = self._photos.named.get((event.deployment, event.id), ())
        ids = dict.fromkeys((*event.of_photo, *named))
        for span in event.spans:
            around = self._photos.between(event.deployment, *span)
            ids.update((one, None) for one in around if not self._photos.by_id[one].event)
        known = (self._photos.by_id[one] for one in ids if one in self._photos.by_id)
        return sorted(known, key=_time)


class _Spans:
    """The time spans of events, by deployment."""

    def __init__(self, events: Iterable[PackageEvent]) -> None:
        self._spans: dict[str, list[tuple[float, float, PackageEvent]]] = defaultdict(list)
        self._longest: dict[str, float] = defaultdict(float)
        for event in events:
            for start, end in event.spans:
                self._spans[event.deployment].append((start, end, event))
                longest = max(end - start, self._longest[event.deployment])
                self._longest[event.deployment] = longest
        for spans in self._spans.values():
            spans.sort(key=lambda span: span[0])

    def shortest(self, deployment: str, time: float) -> PackageEvent | None:
        """Return the event with the shortest span that a time is in, None without one."""
        spans = self._spans.get(deployment, [])
        since = time - self._longest[deployment]
        first = bisect_left(spans, since, key=lambda span: span[0])
        last = bisect_right(spans, time, key=lambda span: span[0])
        around = [span for span in spans[first:last] if span[1] >= time]
        return min(around, key=lambda span: span[1] - span[0])[2] if around else None


def _time(photo: _Photo) -> float:
    return photo.time
