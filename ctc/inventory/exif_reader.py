"""What the photos of an event say of its time and place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ctc.images.exif import Exif, read_exifs, threads_for
from ctc.inventory.config import Bar
from ctc.storage.paths import joined, place

Photos = Sequence[str]
"""The paths of an event's photos."""


@dataclass
class EventReader:
    """Reads events' photos below `root` until `time` and `place`, where wanted, are known; with `guess`, a time that no photo has is that
    of the first photo's file. `unreadable`: how many photos could not be read; `first_unreadable`: one of them and why; `guessed`: how
    many times are guesses."""

    root: Path
    time: bool
    place: bool
    guess: bool
    bar: Bar
    unreadable: int = 0
    first_unreadable: str = ""
    guessed: int = 0

    def read(self, events: Sequence[Photos]) -> list[Exif]:
        """Per event its first `taken`, `serial` and position."""
        found = [Exif()] * len(events)
        unread = sum(map(len, events))
        for number in range(max(map(len, events), default=0)):
            lacking = [e for e, photos in enumerate(events) if number < len(photos) and self._lacks(found[e])]
            for e, exif in self._read([(e, events[e][number]) for e in lacking]):
                found[e] = _completed(found[e], exif)
            unread -= len(lacking)
        self.bar.advance(unread)
        return [self._guessed(exif, photos[0]) for exif, photos in zip(found, events, strict=True)]

    def _read(self, photos: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Exif]]:
        exifs = read_exifs((joined(self.root, path) for _, path in photos), threads_for(self.root))
        for (event, path), exif in zip(photos, exifs, strict=True):
            if exif.unreadable:
                self.unreadable += 1
                self.first_unreadable = self.first_unreadable or f"'{path}': {exif.unreadable}"
            self.bar.advance(1, int(bool(exif.unreadable)))
            yield event, exif

    def _lacks(self, exif: Exif) -> bool:
        return (self.time and exif.taken is None) or (self.place and exif.latitude is None)

    def _guessed(self, exif: Exif, photo: str) -> Exif:
        if not self.guess or exif.taken:
            return exif
        taken = _written(place(joined(self.root, photo)))
        self.guessed += taken is not None
        return replace(exif, taken=taken)


def place_of(exif: Exif) -> str | None:
    """'latitude,longitude' to four decimals (about 10 m), else the camera's serial number."""
    if exif.latitude is None or exif.longitude is None:
        return exif.serial
    return f"{round(exif.latitude, 4) + 0:.4f},{round(exif.longitude, 4) + 0:.4f}"


def _completed(known: Exif, more: Exif) -> Exif:
    position = known if known.latitude is not None else more
    return replace(
        known,
        taken=known.taken or more.taken,
        serial=known.serial or more.serial,
        latitude=position.latitude,
        longitude=position.longitude,
    )


def _written(path: Path) -> datetime | None:
    """When the file was last written, by the clock and zone of this machine."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime))
    except (OSError, ValueError, OverflowError):  # not there, or a year that no calendar has
        return None
