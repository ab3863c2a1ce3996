"""Files inside a zip or a gzip file.

What is unpacked is limited in size, since a few megabytes can unpack to a full disk.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ctc.errors import InputError, reason
from ctc.storage.remote_files import local_copy

MAX_RATIO = 100
"""Largest size of unpacked text in sizes of the packed file; tables of text have 5 to 20."""
MIN_LIMIT = 256 << 20
BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile)
"""What unpacking a damaged or encrypted file raises."""
_CHUNK = 1 << 20

OpenPacked = Callable[[], gzip.GzipFile | IO[bytes]]


@contextmanager
def open_zip(source: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, which may be remote; raises InputError if it is none."""
    try:
        archive = zipfile.ZipFile(local_copy(source))
    except BROKEN as error:
        raise InputError(f"'{source}' can't be read as a zip: {reason(error)}") from None
    with archive:
        yield archive


def member_name(info: zipfile.ZipInfo) -> str:
    """Return the path of a file in a zip, with forward slashes."""
    return info.filename.replace("\\", "/")


def unpack(shown: str, open_packed: OpenPacked, target: Path, size: int) -> None:
    """Write the unpacked file; raises InputError if it is damaged or much larger than packed.

    `shown`: the file, for messages. `size`: that of the packed file in bytes.
    """
    limit = max(MIN_LIMIT, MAX_RATIO * size)
    try:
        with open_packed() as packed, target.open("wb") as file:
            written = 0
            while chunk := packed.read(_CHUNK):
                written += len(chunk)
                if written > limit:
                    break
                file.write(chunk)
    except BROKEN as error:
        raise InputError(f"{shown} can't be decompressed: {reason(error)}") from None
    if written > limit:
        raise InputError(
            f"{shown} unpacks to more than {limit >> 20:,} MiB, over {MAX_RATIO} times its size: "
            "unpack it yourself if it is sound"
        )
