"""Clips as files or bytes: opened, and what is known of them before their frames are read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ctc.errors import ImageError
from ctc.images.clips.capture import Capture, ClipBytes, ClipSource
from ctc.images.clips.container import LEAST_FRAME_BYTES, Container, read_container
from ctc.images.clips.frame_times import Times
from ctc.images.clips.names import TOLERANCE, frame_number
from ctc.images.files import as_image_errors, check_regular_file
from ctc.storage.paths import is_remote, parse_path
from ctc.storage.remote_files import local_copy

TRUNCATED = "truncated video"
"""Beginning of the reason of a clip that is cut off, but has frames."""
_MAX_KNOWN = 4_096
_MAX_SECONDS = 24 * 3600.0
_RATES = (1.0, 240.0)
"""Frames per second that cameras write."""


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are read.

    `rate`: frames per second, on average. `last`: the time of the last frame in seconds after the
    first, as the container claims, or as counted. `height`, `width`: of a frame in pixels.
    `times`: of all frames, where they are known and the frame rate varies.
    """

    rate: float
    last: float
    height: int
    width: int
    container: Container
    times: Times | None = field(default=None, repr=False, compare=False)

    def number(self, seconds: float) -> int:
        """Return the number, from 0, of the first frame at or after a time."""
        if self.times is None:
            return frame_number(seconds, self.rate)
        return int(np.searchsorted(self.times, seconds - TOLERANCE))

    @property
    def created(self) -> datetime | None:
        """When the clip begins, by the camera's clock."""
        return self.container.created


def local_clip(clip: str) -> str:
    """Return a path of the clip on this machine; raises ImageError as `read_photo` does."""
    with as_image_errors(clip):
        path = str(local_copy(parse_path(clip))) if is_remote(clip) else clip
        check_regular_file(path)
        return path


@contextmanager
def open_capture(clip: ClipSource) -> Iterator[tuple[Capture, Container]]:
    """Open a clip at its first frame; raises ImageError with the reason if that can't be."""
    capture, container = start_capture(local_clip(clip) if isinstance(clip, str) else clip)
    try:
        yield capture, container
    finally:
        capture.close()


def start_capture(source: ClipSource) -> tuple[Capture, Container]:
    """Open a clip of this machine; raises ImageError. The caller closes it."""
    if isinstance(source, ClipBytes):
        container = read_container(io.BytesIO(source.data))
    else:
        with as_image_errors(source), open(source, "rb") as file:
            container = read_container(file)
    return Capture(source, container), container


def clip_info(clip: ClipSource) -> ClipInfo:
    """Return what is known of a clip; its frames are counted where its container can't be trusted.

    Raises ImageError with the reason if no frame can be decoded.
    """
    if isinstance(clip, ClipBytes):
        return _measure(clip, len(clip.data))
    return _read_info(file_key(local_clip(clip)))


class FileKey(NamedTuple):
    """A local file, and what tells it from another one of that name."""

    path: str
    mtime: int
    size: int


def file_key(path: str) -> FileKey:
    """Return the key of a local file."""
    with as_image_errors(path):
        status = Path(path).stat()
        return FileKey(path, status.st_mtime_ns, status.st_size)


@lru_cache(_MAX_KNOWN)
def _read_info(key: FileKey) -> ClipInfo:
    return _measure(key.path, key.size)


def _measure(source: ClipSource, size: int) -> ClipInfo:
    with open_capture(source) as (capture, container):
        sides, times = (capture.height, capture.width), container.times
        container = replace(container, times=None)
        if not container.cut and times is not None and 0 <= times[-1] <= _MAX_SECONDS:
            return _known_info(capture.rate, times, sides, container)
        if not container.cut and _is_plausible(capture, size):
            return ClipInfo(capture.rate, (capture.frames - 1) / capture.rate, *sides, container)
        counted = [capture.time]
        while capture.step():
            counted.append(capture.time)
        if container.cut and len(counted) > 1:
            counted.pop()  # the frame at the cut may be damaged
        return ClipInfo(capture.rate, counted[-1], *sides, container)


def _known_info(
    rate: float, times: Times, sides: tuple[int, int], container: Container
) -> ClipInfo:
    last = float(times[-1])
    evenly = np.arange(len(times)) / rate
    if last == 0 or np.abs(times - evenly).max() < 0.5 / rate:
        return ClipInfo(rate, last, *sides, container)
    return ClipInfo((len(times) - 1) / last, last, *sides, container, times)


def _is_plausible(capture: Capture, size: int) -> bool:
    """Return whether a clip of this size in bytes may have the frames that its container claims.

    A damaged header may claim billions.
    """
    least, most = _RATES
    claimed = capture.frames
    return 0 < claimed <= size // LEAST_FRAME_BYTES and least <= capture.rate <= most


def taken_at(clip: str, seconds: float) -> datetime | None:
    """Return when a frame was taken, by the camera's clock; None if the container does not tell.

    Decodes nothing. Raises ImageError with the reason for a file that is not a video.
    """
    with as_image_errors(clip), open(local_clip(clip), "rb") as file:
        created = read_container(file).created
    return created and created + timedelta(seconds=seconds)


def refuse_truncated(container: Container) -> None:
    """Raise ImageError for a clip that is cut off."""
    if container.cut:
        raise ImageError(f"{TRUNCATED}: {container.cut}")


def describe_unread_clip(clip: str) -> ImageError:
    """Return why a whole clip can't be read as a photo: it has no frame, or is cut off."""
    try:
        refuse_truncated(clip_info(clip).container)
    except ImageError as error:
        return error
    return ImageError("a clip, not a photo: name one of its frames, such as 'clip.mp4#t=0'")
