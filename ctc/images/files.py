"""From a path to the bytes of a photo."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ctc.errors import ImageError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
MAX_BYTES = 512 * 1024 * 1024


def is_image_name(name: str) -> bool:
    """Whether a file of this name is taken for a photo: an allowed suffix, in any case, and not a hidden file."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith(".")


def open_photo(path: str | Path) -> BinaryIO:
    """The file, open for reading; raises ImageError with the reason when it is missing, unreadable, huge or no file."""
    with _as_image_errors():
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("not a file")
            if status.st_size > MAX_BYTES:
                raise ImageError(f"larger than {MAX_BYTES // 2**20} MiB")
            return open(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise


def read_photo(path: str | Path) -> bytes:
    """The bytes of the file; raises ImageError with the reason when it can't be opened (see `open_photo`) or read, or is empty."""
    with open_photo(path) as file, _as_image_errors():
        data = file.read()
    if not data:
        raise ImageError("empty file")
    return data


@contextmanager
def _as_image_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImageError((error.strerror or type(error).__name__).lower()) from None
    except ValueError as error:
        raise ImageError(str(error)) from None
