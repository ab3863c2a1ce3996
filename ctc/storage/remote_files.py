"""The bytes of files at remote places: see `places`. Whatever the storage's library raises becomes an OSError that says why."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import Any, BinaryIO, cast

from ctc.errors import CtcError, InputError, UsageError
from ctc.storage.paths import is_in_bucket, is_remote

READERS = 32
"""So many requests under way at a time hide how long one takes."""
BEGINNING = 1 << 16
"""Bytes that are asked for at a time where only the beginning of a file is read."""


def readers_for(place: str | Path, otherwise: int) -> int:
    """How many threads read files below this place best: `otherwise`, or more where bytes are long on their way."""
    return max(READERS, otherwise) if is_remote(place) else otherwise


def reached(place: Path) -> Path:
    """The place, once its storage has answered; raises InputError with the reason when it doesn't, UsageError for a missing bucket."""
    if is_remote(place):
        try:
            with as_os_errors(place):
                found = place.exists() or not is_in_bucket(place) or place.parents[-1].exists()
        except OSError as error:
            raise InputError(f"'{place}' can't be reached: {reason_of(error)}") from error
        if not found:
            raise UsageError(f"there is no bucket '{place.parents[-1]}': create it, or mend the name")
    return place


def read_bytes(url: str) -> bytes:
    """All bytes of a file, by one request."""
    with as_os_errors(url):
        files, path = _file(url)
        whole = {"max_concurrency": 1} if "s3" in files.protocol else {}  # s3fs would ask for the size first
        return bytes(files.cat_file(path, **whole))


def open_beginning(url: str) -> BinaryIO:
    """A file, open for reading, of which no more is fetched than is needed."""
    with as_os_errors(url):
        files, path = _file(url)
        return cast("BinaryIO", files.open(path, "rb", block_size=BEGINNING))


def local_copy(path: Path) -> Path:
    """A file of this machine with the same bytes: `path` itself, or a copy of the remote file that lasts as long as this process."""
    return _copies().of(str(path)) if is_remote(path) else path


def drop_copy(path: Path) -> None:
    """The local copy, if there is one, is not needed any more."""
    _copies().drop(str(path))


def fetch(url: str, to: Path) -> None:
    """Copy a remote file into a local one."""
    with as_os_errors(url):
        files, path = _file(url)
        files.get_file(path, str(to))


def send(local: Path, place: Path) -> None:
    """Copy a local file, or the files of a folder one after the other, to a remote place. Object stores show a file when it is whole."""
    sent = [file for file in sorted(local.rglob("*")) if file.is_file()] if local.is_dir() else [local]
    for file in sent:
        target = str(place / file.relative_to(local).as_posix()) if local.is_dir() else str(place)
        with as_os_errors(target):
            files, path = _file(target)
            files.put_file(str(file), path)
        _copies().drop(target)


def remove_remote(place: Path) -> None:
    """Remove a remote file, or all below it, if it is there."""
    with as_os_errors(place):
        files, path = _file(str(place))
        if files.exists(path):
            files.rm(path, recursive=True)
    _copies().drop(str(place))


@contextmanager
def as_os_errors(where: object) -> Iterator[None]:
    """Whatever the storage's library raises inside becomes an OSError with errno, reason and the place's name; of a path of this machine
    nothing is changed."""
    if not is_remote(where):
        yield
        return
    try:
        yield
    except CtcError:
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(where)) from error
    except PermissionError as error:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(where)) from error
    except OSError as error:
        raise OSError(error.errno or errno.EIO, reason_of(error), str(where)) from error
    except Exception as error:  # each library has errors of its own
        raise OSError(errno.EIO, reason_of(error), str(where)) from error


def reason_of(error: Exception) -> str:
    """Why, as part of a sentence."""
    told: str = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return told[:1].lower() + told[1:].rstrip(".")


def _file(url: str) -> tuple[Any, str]:
    """The file system of fsspec, and what the file is called there."""
    from fsspec.core import url_to_fs

    files, path = url_to_fs(url, use_listings_cache=False)
    return files, path


class _Copies:
    """Local copies of remote files, each fetched once, in a folder that goes with the process."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="ctc-", ignore_cleanup_errors=True)
        self._lock = Lock()
        self._known: dict[str, Path] = {}

    def of(self, url: str) -> Path:
        with self._lock:
            if url not in self._known:
                copy = Path(mkdtemp(dir=self._folder.name), url.rstrip("/").rpartition("/")[2])
                fetch(url, copy)
                self._known[url] = copy
            return self._known[url]

    def drop(self, url: str) -> None:
        with self._lock:
            if url in self._known:
                rmtree(self._known.pop(url).parent)


@cache
def _copies() -> _Copies:
    return _Copies()
