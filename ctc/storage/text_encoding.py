"""Detection of the encoding of a text file from its bytes."""

from __future__ import annotations

import codecs
from functools import partial
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
HEAD = 1 << 12

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(path: Path) -> str:
    """Return `utf-8-sig`, `utf-16`, `utf-16-le`, `utf-16-be`, `utf-8` or `cp1252`.

    `utf-8-sig` and `utf-16` are recognised by the byte order mark; `utf-16-le` and `utf-16-be` when
    more than a quarter of the odd or even bytes of the start are NUL, and hardly any of the others;
    else it is `utf-8` or `cp1252`, whichever fits more of the characters beyond ASCII.

    So a UTF-8 file with a damaged byte stays UTF-8, and its reader reports the damage; read as
    cp1252, every accent would be wrong without an error. Reads the file once, in chunks; raises
    OSError.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding
        file.seek(0)
        return _detect_utf16(head) or ("utf-8" if _is_mostly_utf8(file) else "cp1252")


def _detect_utf16(head: bytes) -> str | None:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) <= len(head) // 8 or max(even, odd) <= 4 * min(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_mostly_utf8(file: BinaryIO) -> bool:
    sound = faults = 0
    for text in codecs.iterdecode(iter(partial(file.read, CHUNK), b""), "utf-8", "surrogateescape"):
        if not text.isascii():
            kept = text.encode("utf-8", "ignore").decode("utf-8")
            faults += len(text) - len(kept)
            sound += len(kept) - len(kept.encode("ascii", "ignore"))
    return sound >= faults
