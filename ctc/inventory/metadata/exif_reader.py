"""Read the time, location and camera of events from the EXIF data of their photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ctc.images.clips.names import file_of, split_frame_path
from ctc.images.metadata.exif import Exif, exif_threads, read_exifs
from ctc.inventory.metadata.camera_reader import CameraReader
from ctc.reporting import ProgressBar
from ctc.storage.paths import join_path, parse_path

EventPhotos = Sequence[str]
"""The paths of an event's photos."""


@dataclass
class ExifReader:
    """Reads the photos of events below `root` until time, location and camera are known.

    `read_time`, `read_location`, `camera`: what to read. `use_mtime`: if no photo of an event has a
    time, take the modification time of its first photo. `unreadable`: number of photos that could
    not be read; `first_unreadable`: the first of them and why. `guessed_times`: number of times
    that are modification times.
    """

    root: Path
    read_time: bool
    read_location: bool
    use_mtime: bool
    bar: ProgressBar
    camera: CameraReader | None = None
    unreadable: int = 0
    first_unreadable: str = ""
    guessed_times: int = 0

    def read(self, events: Sequence[EventPhotos]) -> list[Exif]:
        """Return the first time, camera and position of each event."""
        found = [Exif()] * len(events)
        unread = sum(map(len, events))
        for number in range(max(map(len, events), default=0)):
            incomplete = [
                e
                for e, photos in enumerate(events)
                if number < len(photos) and self._is_incomplete(found[e], photos[number])
            ]
            for e, exif in self._read_photos([(e, events[e][number]) for e in incomplete]):
                found[e] = _merge_exif(found[e], exif)
            unread -= len(incomplete)
        self.bar.advance(unread)
        found = self.camera.complete(events, found) if self.camera else found
        return [
            self._fill_from_mtime(exif, photos[0])
            for exif, photos in zip(found, events, strict=True)
        ]

    def _read_photos(self, photos: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Exif]]:
        exifs = read_exifs(
            (join_path(self.root, path) for _, path in photos), exif_threads(self.root)
        )
        for (event, path), exif in zip(photos, exifs, strict=True):
            if exif.error:
                self.unreadable += 1
                self.first_unreadable = self.first_unreadable or f"'{path}': {exif.error}"
            self.bar.advance(1, int(bool(exif.error)))
            yield event, exif

    def _is_incomplete(self, exif: Exif, photo: str) -> bool:
        """Return whether `photo` may tell what is missing; a frame tells nothing of its camera."""
        return (
            (self.read_time and exif.taken is None)
            or (self.read_location and exif.latitude is None)
            or (self.camera is not None and exif.read_from is None and not split_frame_path(photo))
        )

    def _fill_from_mtime(self, exif: Exif, photo: str) -> Exif:
        if not self.use_mtime or exif.taken:
            return exif
        taken = _modification_time(parse_path(join_path(self.root, file_of(photo))))
        self.guessed_times += taken is not None
        return replace(exif, taken=taken)


def location_from_exif(exif: Exif) -> str | None:
    """Return 'latitude,longitude' with four decimals (about 10 m), or else the serial number."""
    if exif.latitude is None or exif.longitude is None:
        return exif.serial
    return f"{round(exif.latitude, 4) + 0:.4f},{round(exif.longitude, 4) + 0:.4f}"


def _merge_exif(known: Exif, more: Exif) -> Exif:
    position = known if known.latitude is not None else more
    camera = known if known.read_from else more
    return replace(
        camera,
        taken=known.taken or more.taken,
        serial=known.serial or more.serial,
        latitude=position.latitude,
        longitude=position.longitude,
        error="",
    )


def _modification_time(path: Path) -> datetime | None:
    """Return when the file was last written, in the time zone of this machine."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime))
    except (OSError, ValueError, OverflowError):  # no such file, or a year out of range
        return None
