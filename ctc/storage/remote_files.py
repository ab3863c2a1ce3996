"""The bytes of files at remote places: see `places`. Whatever the storage's library raises becomes
an OSError that says why."""

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

REMOTE_IO_THREADS = 32
"""So many requests under way at a time hide how long one takes."""
HEADER_BLOCK_BYTES = 1 << 16
"""Bytes that are asked for at a time where only the beginning of a file is read."""


def io_threads(path: str | Path, default: int) -> int:
    """How many threads read files below this place best: `default`, or more where bytes are long on
    their way."""
    return max(REMOTE_IO_THREADS, default) if is_remote(path) else default


def check_reachable(path: Path) -> Path:
    """The place, once its storage has answered; raises InputError with the reason when it doesn't,
    UsageError for a missing bucket."""
    if is_remote(path):
        try:
            with as_os_errors(path):
                found = path.exists() or not is_in_bucket(path) or path.parents[-1].exists()
        except OSError as error:
            raise InputError(f"'{path}' can't be reached: {error_reason(error)}") from error
        if not found:
            raise UsageError(
                f"there is no bucket '{path.parents[-1]}': create it, or mend the name"
            )
    return path


def read_bytes(url: str) -> bytes:
    """All bytes of a file, by one request."""
    with as_os_errors(url):
        files, path = _filesystem_and_path(url)
        whole = (
            {"max_concurrency": 1} if "s3" in files.protocol else {}
        )  # s3fs would ask for the size first
        return bytes(files.cat_file(path, **whole))


def open_header(url: str) -> BinaryIO:
    """A file, open for reading, of which no more is fetched than is needed."""
    with as_os_errors(url):
        files, path = _filesystem_and_path(url)
        return cast("BinaryIO", files.open(path, "rb", block_size=HEADER_BLOCK_BYTES))


def local_copy(path: Path) -> Path:
    """A file of this machine with the same bytes: `path` itself, or a copy of the remote file that
    lasts as long as this process."""
    return _local_copies().get(str(path)) if is_remote(path) else path


def discard_local_copy(path: Path) -> None:
    """The local copy, if there is one, is not needed any more."""
    _local_copies().discard(str(path))


def download(url: str, target: Path) -> None:
    """Copy a remote file into a local one."""
    with as_os_errors(url):
        files, path = _filesystem_and_path(url)
        files.get_file(path, str(target))


def upload(local: Path, remote_path: Path) -> None:
    """Copy a local file, or the files of a folder one after the other, to a remote place. Object
    stores show a file when it is whole."""
    sent = (
        [file for file in sorted(local.rglob("*")) if file.is_file()] if local.is_dir() else [local]
    )
    for file in sent:
        target = (
            str(remote_path / file.relative_to(local).as_posix())
            if local.is_dir()
            else str(remote_path)
        )
        with as_os_errors(target):
            files, path = _filesystem_and_path(target)
            files.put_file(str(file), path)
        _local_copies().discard(target)


def remove_remote(remote_path: Path) -> None:
    """Remove a remote file, or all below it, if it is there."""
    with as_os_errors(remote_path):
        files, path = _filesystem_and_path(str(remote_path))
        if files.exists(path):
            files.rm(path, recursive=True)
    _local_copies().discard(str(remote_path))


@contextmanager
def as_os_errors(path: object) -> Iterator[None]:
    """Whatever the storage's library raises inside becomes an OSError with errno, reason and the
    place's name; of a path of this machine nothing is changed."""
    if not is_remote(path):
        yield
        return
    try:
        yield
    except CtcError:
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
    except PermissionError as error:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from error
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error_reason(error), str(path)) from error
    except Exception as error:  # each library has errors of its own
        raise OSError(errno.EIO, error_reason(error), str(path)) from error


def error_reason(error: Exception) -> str:
    """Why, as part of a sentence."""
    told: str = (
        getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    )
    return told[:1].lower() + told[1:].rstrip(".")


def _filesystem_and_path(url: str) -> tuple[Any, str]:
    """The file system of fsspec, and what the file is called there."""
    from fsspec.core import url_to_fs

    files, path = url_to_fs(url, use_listings_cache=False)
    return files, path


class _LocalCopies:
    """Local copies of remote files, each fetched once, in a folder that goes with the process."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="ctc-", ignore_cleanup_errors=True)
        self._lock = Lock()
        self._paths: dict[str, Path] = {}

    def get(self, url: str) -> Path:
        with self._lock:
            if url not in self._paths:
                copy = Path(mkdtemp(dir=self._folder.name), url.rstrip("/").rpartition("/")[2])
                download(url, copy)
                self._paths[url] = copy
            return self._paths[url]

    def discard(self, url: str) -> None:
        with self._lock:
            if url in self._paths:
                rmtree(self._paths.pop(url).parent)


@cache
def _local_copies() -> _LocalCopies:
    return _LocalCopies()
