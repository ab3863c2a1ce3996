"""Reading of photo files, local or remote."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ctc.errors import ImageError, InputError, reason
from ctc.images.clips.names import is_clip_path, split_frame_path
from ctc.storage.paths import is_http, is_remote
from ctc.storage.remote_files import error_reason, open_header, read_bytes
from ctc.storage.urls import redact_urls, refusal

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
MAX_BYTES = 512 * 1024 * 1024
_FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)
"""Errors of a single remote file; any other is one of the storage or the connection.

Web servers are an exception: a table may name photos on many, and one that fails is not the end.
"""
TOO_LARGE = f"larger than {MAX_BYTES // 2**20} MiB"


def is_image_name(name: str) -> bool:
    """Return whether a file name is that of a photo: a known suffix in any case, not hidden."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith(".")


def open_photo(path: str | Path) -> BinaryIO:
    """Open a local or remote photo for reading.

    Raises ImageError with the reason if it is missing, unreadable, too large or not a file, and
    InputError if its bucket or server can't be read.
    """
    with as_image_errors(path):
        if is_remote(path):
            return open_header(str(path))
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        )
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("not a file")
            if status.st_size > MAX_BYTES:
                raise ImageError(TOO_LARGE)
            return open(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise


def read_photo(path: str | Path) -> bytes:
    """Return the contents of a local or remote photo, or of a clip's frame ('clip.mp4#t=3.2').

    Raises ImageError with the reason if it can't be opened or read or is empty, and InputError as
    `open_photo` does.
    """
    if (frame := _read_of_clip(str(path))) is not None:
        return frame
    with as_image_errors(path):
        data = read_bytes(str(path)) if is_remote(path) else _read_file(path)
    if not data:
        raise ImageError("empty file")
    if len(data) > MAX_BYTES:
        raise ImageError(TOO_LARGE)
    return data


def check_regular_file(path: str) -> None:
    """Raise ImageError for a local path that is not a file, and OSError for none."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise ImageError("not a file")


def _read_of_clip(path: str) -> bytes | None:
    """Return a frame; None for the path of a photo. Raises ImageError, also for a whole clip."""
    if "#t=" in path and (frame := split_frame_path(path)):
        from ctc.images.clips.reader import read_frame

        return read_frame(*frame)
    if is_clip_path(path):
        from ctc.images.clips.files import describe_unread_clip

        raise describe_unread_clip(path)
    return None


def _read_file(path: str | Path) -> bytes:
    with open_photo(path) as file:
        return file.read()


@contextmanager
def as_image_errors(path: str | Path) -> Iterator[None]:
    """Raise what a file system or a connection raises as `open_photo` does."""
    refused = refusal(str(path)) if is_remote(path) else None
    if refused:
        raise ImageError(refused)
    try:
        yield
    except OSError as error:
        if is_remote(path) and not is_http(path) and not isinstance(error, _FILE_ERRORS):
            raise InputError(
                f"'{redact_urls(str(path))}' can't be read: {error_reason(error)}; try again later"
            ) from error
        raise ImageError(redact_urls(reason(error))) from None
    except ValueError as error:
        raise ImageError(redact_urls(str(error))) from None
