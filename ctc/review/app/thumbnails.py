"""Photos for the page: made smaller on demand in threads, and kept on disk within a bound."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from ctc.errors import CtcError, reason
from ctc.hardware import usable_cores
from ctc.images.clips.names import file_of
from ctc.images.decode import decode
from ctc.images.files import read_photo
from ctc.images.resize import encode_jpeg, shrink
from ctc.storage.atomic import temp_path
from ctc.storage.paths import is_remote

log = logging.getLogger(__name__)

SIZES: Mapping[str, tuple[int, int]] = {"thumb": (320, 80), "view": (1_080, 88), "full": (0, 92)}
"""Per size its smaller side in pixels at most, 0 for that of the photo, and the JPEG quality."""
SUFFIX = ".jpg"
MAX_THREADS = 4


class ThumbnailCache:
    """JPEGs by photo and size; files in `folder`, at most `max_bytes` of them.

    The bytes of two requests for the same photo are made once. Methods may be called in any thread.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(min(MAX_THREADS, usable_cores()), "ctc-thumbnail")
        self._pending: dict[str, Future[bytes]] = {}
        self._sizes = _kept_files(folder)
        self._bytes = sum(self._sizes.values())

    def get(self, location: str, size: str) -> Future[bytes]:
        """Return the future JPEG of a photo; it raises CtcError if the photo can't be used.

        `location`: a path or URL, also of a frame (`clip.mp4#t=3.2`). `size`: a key of SIZES.
        """
        with self._lock:
            name = f"{size} {location}"
            pending = self._pending.get(name)
            if pending is None:
                pending = self._pool.submit(self._load, location, size)
                self._pending[name] = pending
                pending.add_done_callback(lambda _: self._forget(name))
            return pending

    def close(self) -> None:
        """Wait for the threads, without what has not begun."""
        self._pool.shutdown(cancel_futures=True)

    @property
    def kept_bytes(self) -> int:
        """The bytes of all files."""
        return self._bytes

    def _forget(self, name: str) -> None:
        with self._lock:
            self._pending.pop(name, None)

    def _load(self, location: str, size: str) -> bytes:
        name = f"{_digest(location, size)}{SUFFIX}"
        kept = self._read(name)
        if kept is not None:
            return kept
        data = make_smaller(read_photo(location), size)
        self._keep(name, data)
        return data

    def _read(self, name: str) -> bytes | None:
        with self._lock:
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
        try:
            return (self._folder / name).read_bytes()
        except OSError:  # removed by someone else
            return None

    def _keep(self, name: str, data: bytes) -> None:
        if len(data) > self._max_bytes:
            return
        path = self._folder / name
        partial = temp_path(path)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):  # where even the folder is missing
                partial.unlink()
            log.warning("'%s' can't be written: %s", path, reason(error))
            return
        for old in self._count(name, len(data)):
            (self._folder / old).unlink(missing_ok=True)

    def _count(self, name: str, size: int) -> list[str]:
        """Count a new file, and return those that have to go, the ones not used for longest."""
        with self._lock:
            self._bytes += size - self._sizes.pop(name, 0)
            self._sizes[name] = size
            gone = []
            while self._bytes > self._max_bytes:
                old, old_size = self._sizes.popitem(last=False)
                self._bytes -= old_size
                gone.append(old)
            return gone


def make_smaller(data: bytes, size: str) -> bytes:
    """Return an upright JPEG of a size, without EXIF; what a truncated photo lacks is grey.

    Raises ImageError with the reason.
    """
    side, quality = SIZES[size]
    pixels = decode(data, (side, side), truncated="use")
    return encode_jpeg(shrink(pixels, side) if side else pixels, quality)


def _digest(location: str, size: str) -> str:
    """Return a name that changes when the photo, or the clip of a frame, does."""
    state = ""
    if not is_remote(location):
        try:
            status = Path(file_of(location)).stat()
        except FileNotFoundError:
            raise CtcError(
                "it is not there: if photos have moved, start again with --photos ROOT"
            ) from None
        except (OSError, ValueError) as error:
            raise CtcError(reason(error)) from None
        state = f"{status.st_mtime_ns} {status.st_size}"
    text = f"{Path(location).absolute() if state else location}\0{state}\0{SIZES[size]}"
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _kept_files(folder: Path) -> OrderedDict[str, int]:
    """Return the bytes of the files by name, the ones not used for longest first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    status = entry.stat()
                    found.append((status.st_mtime, entry.name, status.st_size))
    except OSError:  # there is none yet
        return OrderedDict()
    return OrderedDict((name, size) for _, name, size in sorted(found))
