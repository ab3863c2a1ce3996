"""Events from photos without a table: one per photo, or one per burst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from ctc.images.bursts import group_bursts
from ctc.images.exif import exif_threads, read_exifs
from ctc.images.folders import FolderPhotos
from ctc.inference.events.event import Event


@dataclass(frozen=True)
class UngroupedPhotos:
    """Photos of folders; the id of an event is the path of its first photo.

    `max_gap`: a photo belongs to the event of the previous photo in its folder, by EXIF time, if it
    was taken at most that many seconds later; None: each photo is an event. A photo without a time
    is an event of its own.
    """

    folders: tuple[FolderPhotos, ...]
    max_gap: float | None = None
    meta_columns: tuple[str, ...] = ()
    _undated: Counter[str] = field(default_factory=Counter, compare=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """How many photos have no time; known when the events have been read."""
        undated = self._undated.total()
        if not undated:
            return ()
        return (
            f"--events-within: {undated:,} of {self.photos:,} photos have no EXIF time and are"
            " events of their own",
        )

    @property
    def photos(self) -> int:
        return sum(folder.count for folder in self.folders)

    def ids(self) -> Iterator[str]:
        return (path for folder in self.folders for path in folder)

    def __iter__(self) -> Iterator[Event]:
        for folder in self.folders:
            if self.max_gap is None:
                yield from (Event(path, (path,)) for path in folder)
            else:
                yield from self._burst_events(folder, self.max_gap)

    def update_digest(self, digest: blake2b) -> None:
        digest.update(f"photos\0{self.max_gap}\0".encode())
        for folder in self.folders:
            digest.update(folder.prefix.encode(errors="surrogateescape") + b"\0" + folder.packed)

    def _burst_events(self, folder: FolderPhotos, max_gap: float) -> Iterator[Event]:
        """Yield events in the order of their first photos' names, each with its photos by time."""
        paths = list(folder)
        exifs = read_exifs(paths, exif_threads(folder.prefix))
        times = np.array([exif.taken for exif in exifs], "datetime64[us]")
        self._undated[folder.prefix] = int(np.isnat(times).sum())
        for burst in group_bursts(
            np.zeros(len(paths), np.int64), times, np.timedelta64(round(max_gap * 1e6), "us")
        ):
            images = tuple(paths[index] for index in burst)
            yield Event(images[0], images)
