"""Transfer of files from and to remote places; see `ctc.storage.paths`.

Any exception of a storage library becomes an OSError with the reason.
"""

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

from ctc.errors import CtcError, InputError, MissingExtraError, UsageError
from ctc.storage.paths import extra_of, is_http, is_in_bucket, is_remote
from ctc.storage.urls import redact_urls, refusal, storage_options

REMOTE_IO_THREADS = 32
"""Concurrent requests that hide the latency of remote storage."""
_SERVER_ERRORS = 500
"""The first HTTP status that says that the server failed, not that it refuses."""
HEADER_BLOCK_BYTES = 1 << 16
"""Block size when only the start of a file is read."""


def io_threads(path: str | Path, default: int) -> int:
    """Return how many threads should read files at `path`: `default`, or more if it is remote."""
    return max(REMOTE_IO_THREADS, default) if is_remote(path) else default


def check_reachable(path: Path, is_root: bool = False) -> Path:
    """Return `path` after its storage has answered.

    `is_root`: whether it is where other paths start, which a web server needn't show. Raises
    InputError with the reason if it does not answer, UsageError if the bucket is missing.
    """
    if is_remote(path):
        try:
            with as_os_errors(path):
                found = _is_there(path, is_root) or not is_in_bucket(path)
                found = found or path.parents[-1].exists()
        except OSError as error:
            raise InputError(
                f"'{redact_urls(str(path))}' can't be reached: {error_reason(error)}"
            ) from error
        if not found:
            raise UsageError(
                f"there is no bucket '{path.parents[-1]}': create it, or correct the name"
            )
    return path


def _is_there(path: Path, is_root: bool) -> bool:
    """Return whether there is a file or folder; raises OSError with a web server's answer."""
    if not is_http(path):
        return path.exists()
    from aiohttp import ClientResponseError, TooManyRedirects

    files, place = filesystem_and_path(str(path))
    try:
        return bool(files.exists(place, strict=True))  # else all that fails is not there
    except TooManyRedirects:
        raise OSError(errno.ELOOP, "the server redirects without end") from None
    except ClientResponseError as error:
        if is_root and error.status < _SERVER_ERRORS:
            return False
        raise OSError(errno.EIO, f"the server answers {error.status} {error.message}") from None


def read_bytes(url: str) -> bytes:
    """Return the contents of a file, with one request."""
    with as_os_errors(url):
        files, path = filesystem_and_path(url)
        # otherwise s3fs would ask for the size first
        one_request = {"max_concurrency": 1} if "s3" in files.protocol else {}
        return bytes(files.cat_file(path, **one_request))


def open_header(url: str) -> BinaryIO:
    """Open a file for reading so that little more than the bytes that are read is downloaded."""
    with as_os_errors(url):
        files, path = filesystem_and_path(url)
        return cast("BinaryIO", files.open(path, "rb", block_size=HEADER_BLOCK_BYTES))


def local_copy(path: Path) -> Path:
    """Return a local file with the same contents: `path` itself if it is local, else a copy.

    A copy is downloaded once and removed when the process ends.
    """
    return _local_copies().get(str(path)) if is_remote(path) else path


def discard_local_copy(path: Path) -> None:
    """Remove the local copy of a remote file, if there is one."""
    _local_copies().discard(str(path))


def download(url: str, target: Path) -> None:
    """Copy a remote file to a local one."""
    with as_os_errors(url):
        files, path = filesystem_and_path(url)
        files.get_file(path, str(target))


def upload(local: Path, remote_path: Path) -> None:
    """Copy a local file, or the files of a folder one by one, to a remote place.

    Object stores show a file only when it is complete.
    """
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
            files, path = filesystem_and_path(target)
            files.put_file(str(file), path)
        _local_copies().discard(target)


def remove_remote(remote_path: Path) -> None:
    """Remove a remote file, or a folder with its contents, if it exists."""
    with as_os_errors(remote_path):
        files, path = filesystem_and_path(str(remote_path))
        if files.exists(path):
            files.rm(path, recursive=True)
    _local_copies().discard(str(remote_path))


@contextmanager
def as_os_errors(path: object) -> Iterator[None]:
    """Turn any exception of a storage library inside the block into an OSError.

    It has errno, the reason and the path. Errors of local paths pass unchanged.
    """
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
    except Exception as error:  # each library has its own errors
        raise OSError(errno.EIO, error_reason(error), str(path)) from error


def error_reason(error: Exception) -> str:
    """Return the reason of an error as part of a sentence.

    Unlike `ctc.errors.reason` it changes the case of the first letter only.
    """
    text: str = redact_urls(
        getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    )
    return text[:1].lower() + text[1:].rstrip(".")


def filesystem_and_path(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for the URL, and the path of the file in it.

    Raises OSError for a URL that is not opened; see `ctc.storage.urls`. Raises MissingExtraError if
    its packages are not installed.
    """
    from fsspec.core import url_to_fs

    refused = refusal(url)
    if refused:
        raise OSError(errno.EPROTONOSUPPORT, refused)
    try:
        files, path = url_to_fs(url, **storage_options(url))
    except ImportError:
        raise MissingExtraError(f"'{redact_urls(url)}'", extra_of(url)) from None
    return files, path


class _LocalCopies:
    """Local copies of remote files, downloaded once, in a temporary folder of this process."""

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
