"""Whether metadata hold a picture, as it is or written as text."""

from __future__ import annotations

import re

LONGEST_TEXT = 256
"""Letters and digits in a row, whatever blanks are between them: more are a picture in base64 or
hexadecimal digits, since people write a full stop or a comma before."""
JPEG = b"\xff\xd8\xff"
_STARTS = (
    *(JPEG, b"\x89PNG\r\n", b"GIF87a", b"GIF89a", b"WEBPVP8"),
    *(b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"),
)
_BLANKS = b"\0\t\n\r "
_ENCODED = re.compile(rb"[A-Za-z0-9+/=_-]{%d}" % (LONGEST_TEXT + 1))
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


def holds_picture(data: bytes) -> bool:
    """Return whether the bytes of a field hold a picture, or what may be one as text."""
    if any(start in data for start in _STARTS):
        return True
    return bool(_ENCODED.search(data.translate(None, _BLANKS)))


def is_plain_text(data: bytes) -> bool:
    """Return whether it is text, in any encoding of single bytes or UTF-8, without a picture."""
    return not _CONTROL.search(data) and not holds_picture(data)
