"""Digests of photos, by which `--update` recognizes those that an earlier run has seen.

A photo is the same if its bytes are: a moved or renamed one is recognized. Files are read again
only if their size or times have changed, as git does. A time that was less than two seconds old
when the file was read proves nothing (FAT keeps no more), so it is not kept.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import NamedTuple

from ctc.errors import ImageError
from ctc.images.clips.files import local_clip
from ctc.images.clips.names import file_of
from ctc.inference.task import EventT, PhotoContent, TaskResult
from ctc.storage.paths import is_url

DIGEST_BYTES = 16
SETTLED_SECONDS = 2.0
"""Age from which on the times of a file change with its contents."""
_MAX_CLIPS = 64


class FileStamp(NamedTuple):
    """Size in bytes of a file, and when its contents and its entry were changed, in ns."""

    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: str) -> FileStamp | None:
        """Return the stamp of a photo's file, or of a frame's clip; None for a URL, or no file.

        The times are 0 if they are so young that a later change might not change them.
        """
        if is_url(path):
            return None
        try:
            status = Path(file_of(path)).stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        times = status.st_mtime_ns, status.st_ctime_ns
        is_young = any(abs(time.time_ns() - one) < SETTLED_SECONDS * 1e9 for one in times)
        return cls(status.st_size, *((0, 0) if is_young else times))

    def fits(self, content: PhotoContent) -> bool:
        """Return whether the file is as it was when `content` was noted."""
        return content.modified != 0 and self == content[1:]


class ContentReader:
    """Reads photos, and notes what they hold until `attach` takes it.

    `read`: reads a photo, as `FolderWatch.read`. Threads may share it.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._noted: dict[str, PhotoContent] = {}
        self._clip_digest = lru_cache(_MAX_CLIPS)(_digest_of_clip)

    def read(self, path: str) -> bytes:
        """Return the contents of a photo; raises what the reader raises."""
        stamp = FileStamp.of(path)
        data = self._read(path)
        noted = self._noted.get(path)
        if noted is None or stamp is None or not stamp.fits(noted):
            self._noted[path] = self._content(path, stamp, data)
        return data

    def content(self, path: str) -> PhotoContent | None:
        """Return what a photo holds, read now; None if it can't be read."""
        stamp = FileStamp.of(path)
        try:
            data = b"" if file_of(path) != path else self._read(path)
            self._noted[path] = self._content(path, stamp, data)
        except (ImageError, OSError):
            return None
        return self._noted[path]

    def attach(self, result: TaskResult[EventT]) -> TaskResult[EventT]:
        """Return a result with what its photos hold, unless one of them failed: it is tried again
        by the next update."""
        for failure in result.failures:
            self._noted.pop(failure.path, None)
        if result.prediction is None:
            return result
        paths = [photo.path for photo in result.prediction.images]
        contents = [self._noted.get(path) or self.content(path) for path in paths]
        self.forget(paths)
        known = tuple(one for one in contents if one is not None)
        is_whole = len(known) == len(paths) and not result.failures
        return replace(result, contents=known) if is_whole else result

    def forget(self, paths: list[str] | tuple[str, ...]) -> None:
        """Drop what was noted of photos."""
        for path in paths:
            self._noted.pop(path, None)

    def _content(self, path: str, stamp: FileStamp | None, data: bytes) -> PhotoContent:
        clip = file_of(path)
        if clip != path:
            digest = self._clip_digest(clip, stamp) + path.removeprefix(clip)
            return PhotoContent(digest, *(stamp or (0,)))
        digest = blake2b(data, digest_size=DIGEST_BYTES).hexdigest()
        return PhotoContent(digest, *(stamp or (len(data),)))


def _digest_of_clip(clip: str, stamp: FileStamp | None) -> str:
    """Return the digest of a clip's file; `stamp` tells one file of that name from another."""
    del stamp
    with open(local_clip(clip), "rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=DIGEST_BYTES)).hexdigest()
