"""Events from photos without a table: one per photo, or one per burst."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import compress, groupby

import numpy as np

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.cameras.clock_offsets import ClockOffsets
from ctc.images.bursts import group_bursts
from ctc.images.clips.names import file_of
from ctc.images.listing.folders import FolderPhotos
from ctc.images.metadata.camera_clock import WHAT, is_wrong_time
from ctc.images.metadata.clock_correction import ClockCorrection
from ctc.images.metadata.exif import exif_threads, read_exifs
from ctc.inference.events.event import Event

_FRAME = b"#t="


@dataclass(frozen=True)
class UngroupedPhotos:
    """Photos of folders; the id of an event is the path of its first photo.

    `max_gap`: a photo belongs to the event of the previous photo of its camera, by EXIF time, if it
    was taken at most that many seconds later; None: each photo is an event. A photo without a time,
    or with that of a clock that was not set, is an event of its own. A camera is a folder, or the
    folders that it numbers itself (see `camera_folder`). `offsets`: correct the times before. The
    frames of a clip are always one event,
    whose id is the path of the clip if it is the first.
    """

    folders: tuple[FolderPhotos, ...]
    max_gap: float | None = None
    clip_notes: tuple[str, ...] = ()
    offsets: ClockOffsets | None = None
    meta_columns: tuple[str, ...] = ()
    _undated: Counter[str] = field(default_factory=Counter, compare=False)
    _wrong: Counter[str] = field(default_factory=Counter, compare=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """How many photos have no time or a wrong one; known when the events have been read.

        A clip counts once, whatever its frames.
        """
        kind = "time of the camera" if self._has_clips else "EXIF time"
        counts = (
            (self._undated.total(), f"have no {kind} and are events of their own"),
            (self._wrong.total(), f"have a time that is {WHAT}, and are events of their own"),
        )
        if not any(count for count, _ in counts):
            return self.clip_notes
        what = "photos and clips" if self._has_clips else "photos"
        files = sum(_count_files(folder) for folder in self.folders)
        return self.clip_notes + tuple(
            f"--events-within: {count:,} of {files:,} {what} {problem}"
            for count, problem in counts
            if count
        )

    @property
    def photos(self) -> int:
        return sum(folder.count for folder in self.folders)

    @property
    def is_single(self) -> bool:
        """Whether each photo is an event of its own."""
        return self.max_gap is None and not self._has_clips

    @property
    def _has_clips(self) -> bool:
        return any(_FRAME in folder.packed for folder in self.folders)

    def ids(self) -> Iterator[str]:
        for folder in self.folders:
            for path in folder:
                yield path
                if (clip := file_of(path)) != path:
                    yield clip

    def __iter__(self) -> Iterator[Event]:
        if self.max_gap is None:
            for folder in self.folders:
                yield from (_event(tuple(same)) for _, same in groupby(folder, file_of))
            return
        for camera, folders in groupby(self.folders, lambda folder: _camera(folder.prefix)):
            yield from self._burst_events(camera, tuple(folders), self.max_gap)

    def update_digest(self, digest: blake2b) -> None:
        digest.update(f"photos\0{self.max_gap}\0".encode())
        if self.offsets is not None and self.max_gap is not None:
            digest.update(f"{self.offsets.digest}\0".encode())
        for folder in self.folders:
            digest.update(folder.prefix.encode(errors="surrogateescape") + b"\0" + folder.packed)

    def _burst_events(
        self, camera: str, folders: tuple[FolderPhotos, ...], max_gap: float
    ) -> Iterator[Event]:
        """Yield events in the order of their first photos' names, each with its photos by time."""
        paths = [path for folder in folders for path in folder]
        exifs = read_exifs(paths, exif_threads(camera))
        taken = (exif.taken for exif in exifs)
        times = np.array(list(self._right_times(paths, taken)), "datetime64[us]")
        wrong = is_wrong_time(times)
        self._undated[paths[0]] = _count_files(compress(paths, np.isnat(times)))
        self._wrong[paths[0]] = _count_files(compress(paths, wrong))
        times[wrong] = np.datetime64("NaT")
        bursts = group_bursts(
            np.zeros(len(paths), np.int64), times, np.timedelta64(round(max_gap * 1e6), "us")
        )
        named = [[paths[index] for index in burst] for burst in bursts]
        yield from (_event(tuple(images)) for images in _keep_clips_whole(named))

    def _right_times(
        self, paths: list[str], taken: Iterator[datetime | None]
    ) -> Iterator[datetime | None]:
        """Yield the times of the photos, corrected if there are offsets."""
        correction = ClockCorrection(self.offsets)
        for path, time in zip(paths, taken, strict=True):
            yield time if time is None else correction.shift(time, (), path) or time


def _event(images: tuple[str, ...]) -> Event:
    return Event(file_of(images[0]), images)


def _count_files(paths: Iterable[str]) -> int:
    return len({file_of(path) for path in paths})


def _keep_clips_whole(bursts: list[list[str]]) -> Iterator[list[str]]:
    """Unite bursts that share a clip, which has no times, or fewer frames than bursts need."""
    burst_of: dict[str, list[str]] = {}
    kept: dict[int, list[str]] = {}
    for burst in bursts:
        clips = {clip for path in burst if (clip := file_of(path)) != path}
        known = {id(burst_of[clip]): burst_of[clip] for clip in clips if clip in burst_of}
        target = next(iter(known.values()), [])
        for other in list(known.values())[1:]:
            target += other
            del kept[id(other)]
        target += burst
        kept[id(target)] = target
        for path in target:
            if (clip := file_of(path)) != path:
                burst_of[clip] = target
    return iter(kept.values())


def _camera(prefix: str) -> str:
    return camera_folder(prefix.replace(os.sep, "/"))
