"""Lines of a journal: `1c2d3e4f {JSON}`, each with the CRC-32 of its JSON in front.

The checksum tells an intact line from a torn one.
"""

from __future__ import annotations

import json
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctc.errors import InputError
from ctc.storage.remote_files import local_copy

BLOCK_BYTES = 1 << 20
"""Number of bytes that are read at a time; no header is longer."""


def encode_line(record: object) -> bytes:
    """Return `record` as a line."""
    body = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode_line(line: bytes) -> Any:
    """Return the record in an intact line; raises InputError if it is not JSON."""
    try:
        return json.loads(line[9:])
    except (ValueError, RecursionError):
        raise InputError("which is not JSON") from None


def is_intact(line: bytes) -> bool:
    """Return whether the line is complete and its checksum is right."""
    return line.endswith(b"\n") and line[:8] == b"%08x" % zlib.crc32(line[9:-1])


def is_end(line: bytes) -> bool:
    """Return whether it is the last line of a part file."""
    return line[9:].startswith(b'{"end":')


def require_regular_file(path: Path, follow_links: bool = True) -> None:
    """Raise InputError if `path` is a pipe, device or folder, which could be waited for for ever.

    Without `follow_links` also for a link. Raises OSError if there is nothing.
    """
    status = path.stat() if follow_links else path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"'{path}' is not a regular file: delete it, or choose another --output")


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines up to the first that is torn.

    The file is open only while a block is read, since a merge may read thousands of files.
    """
    at = 0
    while True:
        with local_copy(path).open("rb") as file:
            file.seek(at)
            block = file.readlines(BLOCK_BYTES)
        if not block:
            return
        for line in block:
            if not is_intact(line):
                return
            at += len(line)
            yield line
