"""Correct the times of photos and events as they are written.

The journal keeps what the cameras say. Photos of an inventory whose times were corrected get the
correction of their event, since their EXIF data have the camera's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL, ClockOffsets
from ctc.artifacts.predictions import Failure, Meta
from ctc.errors import UsageError
from ctc.images.metadata.clock_correction import ClockCorrection, camera_names
from ctc.images.metadata.time_zone import parse_time
from ctc.inference.events.photos import UngroupedPhotos
from ctc.inference.events.sources import EventCollection
from ctc.storage.csv_reader import MISSING

CLOCK_OFFSETS = "clock_offsets"
"""Key in the settings of a run's header: `ClockOffsets.to_json`."""
_EVENT_LENGTH = timedelta(days=1)


def correction_of(settings: Mapping[str, Any]) -> ClockCorrection | None:
    """Return the correction of a run's settings, None if times are not to be corrected."""
    found = settings.get(CLOCK_OFFSETS)
    return None if found is None else ClockCorrection(ClockOffsets.from_json(found))


def correct_entries(entries: Iterable[Any], correction: ClockCorrection | None) -> Iterator[Any]:
    """Yield the failures as they are, and events with right times.

    They have a further column with the times of the cameras, see `EventAnswer` for other fields.
    """
    for entry in entries:
        if isinstance(entry, Failure):
            yield entry
        elif correction is not None:
            yield _correct(entry, correction)
        else:
            yield _as_in_table(entry) if DATETIME_ORIGINAL in entry.meta else entry


def check_clock_offsets(events: EventCollection, offsets: ClockOffsets) -> EventCollection:
    """Return the events, with a note on rows that are for none of them.

    Raises UsageError if no row is for any, or if times have been corrected already.
    """
    if DATETIME_ORIGINAL in events.meta_columns:
        raise UsageError(
            f"the sources have a column '{DATETIME_ORIGINAL}', since their times have been"
            " corrected already: leave out --clock-offset"
        )
    correction = ClockCorrection(offsets)
    for names, photo in _cameras(events):
        correction.rows_of(names, photo)
        if not correction.unknown():
            break
    if len(correction.unknown()) == len(offsets.by_deployment):
        raise UsageError(
            f"no deployment of '{offsets.name}' is a camera's folder of the sources, nor a"
            " location or deploymentID in their tables: name them alike, or write '*' for all"
        )
    return replace(events, clock_notes=tuple(correction.deployment_notes()))


def _cameras(events: EventCollection) -> Iterator[tuple[list[str], str]]:
    """Yield the names and a photo of each camera, many of them several times."""
    for source in events.sources:
        if isinstance(source, UngroupedPhotos):
            yield from (([], f"{folder.prefix}photo") for folder in source.folders)
        else:
            yield from ((camera_names(event.meta), (*event.images, "")[0]) for event in source)


def _correct(event: Any, correction: ClockCorrection) -> Any:
    first = next((photo.path for photo in event.images), "")
    meta = _correct_meta(event.meta, first, correction)
    images = []
    for photo in event.images:
        is_shared = not photo.meta or photo.meta == event.meta
        own = meta if is_shared else _correct_meta(photo.meta, photo.path, correction)
        if photo.taken is None:
            images.append(_replaced(photo, meta=own))
            continue
        names = camera_names(photo.meta or event.meta)
        right = correction.correct(photo.taken, names, photo.path)
        shown = {**own, DATETIME_ORIGINAL: photo.taken}
        images.append(_replaced(photo, taken=right, meta=shown))
    if meta[DATETIME_ORIGINAL] is None:
        meta = {**meta, DATETIME_ORIGINAL: _first_taken(event.images)}
    return _replaced(event, images=tuple(images), meta=meta)


def _correct_meta(meta: Meta, photo: str, correction: ClockCorrection) -> Meta:
    """Return the values of a row with the right time, and the camera's beside it."""
    shown = meta.get(DATETIME)
    if not isinstance(shown, str) or shown.strip() in MISSING:
        return {**meta, DATETIME_ORIGINAL: None}
    right = correction.correct(shown, camera_names(meta), photo)
    return {**meta, DATETIME: right, DATETIME_ORIGINAL: shown}


def _as_in_table(event: Any) -> Any:
    """Return an event of a corrected inventory, its photos' times corrected alike.

    A photo that would be a day or more away was taken after the clock was set, so that its time is
    not known.
    """
    right, shown = (parse_time(event.meta.get(name)) for name in (DATETIME, DATETIME_ORIGINAL))
    if right is None or shown is None:
        return event
    shift = right.replace(tzinfo=None) - shown.replace(tzinfo=None)
    zone = right.tzinfo if shown.tzinfo is None else None
    images = []
    for photo in event.images:
        taken = parse_time(photo.taken)
        if taken is not None and taken.tzinfo is None:
            moved = taken + shift
            near = abs(moved - right.replace(tzinfo=None)) < _EVENT_LENGTH
            time = moved.replace(tzinfo=zone).isoformat() if near else None
            shown_meta = {**(photo.meta or event.meta), DATETIME_ORIGINAL: photo.taken}
            images.append(_replaced(photo, taken=time, meta=shown_meta))
        else:
            images.append(photo)
    return _replaced(event, images=tuple(images))


def _first_taken(photos: Iterable[Any]) -> str | None:
    return next((photo.taken for photo in photos if photo.taken is not None), None)


def _replaced(record: Any, **changes: Any) -> Any:
    return replace(cast("Any", record), **changes)
