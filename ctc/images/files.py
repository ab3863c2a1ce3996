"""From a path to the bytes of a photo."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ctc.errors import ImageError, InputError
from ctc.storage.paths import is_in_bucket, is_remote
from ctc.storage.remote_files import error_reason, open_header, read_bytes

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
MAX_BYTES = 512 * 1024 * 1024
_FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)
"""What is wrong with one file of a bucket; everything else is wrong with the way to it."""
TOO_LARGE = f"larger than {MAX_BYTES // 2**20} MiB"


def is_image_name(name: str) -> bool:
    """Whether a file of this name is taken for a photo: an allowed suffix, in any case, and not a
    hidden file."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith(".")


def open_photo(path: str | Path) -> BinaryIO:
    """The file, here or at a URL, open for reading; raises ImageError with the reason when it is
    missing, unreadable, huge or no file, and InputError when it is its bucket that can't be
    read."""
    with _as_image_errors(path):
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
    """The bytes of the file; raises ImageError with the reason when it can't be opened or read, or
    is empty, and InputError as `open_photo` does."""
    with _as_image_errors(path):
        data = read_bytes(str(path)) if is_remote(path) else _read_file(path)
    if not data:
        raise ImageError("empty file")
    if len(data) > MAX_BYTES:
        raise ImageError(TOO_LARGE)
    return data


def _read_file(path: str | Path) -> bytes:
    with open_photo(path) as file:
        return file.read()


@contextmanager
def _as_image_errors(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_in_bucket(path) and not isinstance(error, _FILE_ERRORS):
            raise InputError(
                f"'{path}' and its like can't be read: {error_reason(error)}; try again later"
            ) from error
        raise ImageError((error.strerror or type(error).__name__).lower()) from None
    except ValueError as error:
        raise ImageError(str(error)) from None
