"""The option `--time-zone`: the zone of the cameras' clocks, which EXIF lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.images.metadata.time_zone import Clock, make_clock, parse_time
from ctc.plugin import Option, OutputContext

from .photo_fields import DATETIME

TIME_ZONE = Option(
    "time-zone",
    "Time zone of the cameras' clocks, which EXIF lacks: a name such as Europe/Berlin, "
    "or, as most cameras keep their clock in summer, an offset such as +01:00.",
    metavar="ZONE",
)
log = logging.getLogger("ctc.outputs.time_zone")


def with_zone(
    entries: Iterator[EventPrediction | Failure], context: OutputContext
) -> Iterator[EventPrediction | Failure]:
    """Return the entries, their times with the zone of TIME_ZONE if it is given.

    A time that has a zone keeps it. Hours that the zone skips or has twice are warned of at the
    end. Raises UsageError for an unknown zone.
    """
    clock = make_clock(context.options.get(TIME_ZONE.key))
    return entries if clock.zone is None else _localize(entries, clock)


def _localize(
    entries: Iterator[EventPrediction | Failure], clock: Clock
) -> Iterator[EventPrediction | Failure]:
    for entry in entries:
        yield entry if isinstance(entry, Failure) else _localize_event(entry, clock)
    for note in clock.notes():
        log.warning(note)


def _localize_event(event: EventPrediction, clock: Clock) -> EventPrediction:
    known: dict[str, str] = {}  # so that a time of photo and event counts once

    def localize(text: str) -> str:
        if text not in known:
            known[text] = _with_zone(text, clock)
        return known[text]

    images = tuple(
        replace(photo, taken=None if photo.taken is None else localize(photo.taken))
        for photo in event.images
    )
    shown = event.meta.get(DATETIME)
    meta = {**event.meta, DATETIME: localize(shown)} if isinstance(shown, str) else event.meta
    return replace(event, images=images, meta=meta)


def _with_zone(text: str, clock: Clock) -> str:
    """Return a time with its zone; a text that is no ISO 8601 time as it is."""
    time = parse_time(text)
    return text if time is None or time.tzinfo else clock.with_offset(time).isoformat()
