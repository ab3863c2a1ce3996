"""Maker notes of Reconyx cameras, whose HyperFire models write date and serial number only there.

Layouts: https://exiftool.org/TagNames/Reconyx.html
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import datetime

MAKE = "RECONYX"
_HYPERFIRE = (b"\x01\xf1", b"\xf1\x01")
_ULTRAFIRE, _HYPERFIRE_2 = b"RECONYXUF", b"RECONYXH2"
_MODEL = re.compile(r"[A-Z]{2}\d{3}\w*\b.*")
"""A user label that is still the name of the model, as cameras are delivered."""


@dataclass(frozen=True, slots=True)
class MakerNote:
    """What the note says; None where a value is missing or invalid. `taken`: the camera's time."""

    taken: datetime | None = None
    model: str | None = None
    serial: str | None = None


def parse_maker_note(note: object) -> MakerNote | None:
    """Return the content of a Reconyx maker note, or None for another one."""
    if not isinstance(note, bytes):
        return None
    if note[:2] in _HYPERFIRE:
        order = "<" if note[:2] == _HYPERFIRE[0] else ">"
        label = _text(note[86:108], "ascii")
        model = label if label and _MODEL.fullmatch(label) else None
        return MakerNote(_hyperfire_time(note, order), model, _utf16(note[42:72], order))
    if note.startswith(_HYPERFIRE_2):
        second, minute, hour, month, day, year = _unpack("<6H", note, 62)
        return MakerNote(_time(year, month, day, hour, minute, second), None, _utf16(note[126:156]))
    if note.startswith(_ULTRAFIRE):
        second, minute, hour, day, month, year = _unpack("<5BH", note, 59)
        return MakerNote(
            _time(year, month, day, hour, minute, second), None, _text(note[75:90], "ascii")
        )
    return None


def _hyperfire_time(note: bytes, order: str) -> datetime | None:
    values = _unpack(f"{order}6H", note, 22)
    if values[0] & 0xFF00 and not values[0] & 0xFF:  # some cameras swap the bytes of the time only
        values = tuple((value >> 8) | ((value & 0xFF) << 8) for value in values)
    second, minute, hour, month, day, year = values
    return _time(year, month, day, hour, minute, second)


def _unpack(layout: str, note: bytes, offset: int) -> tuple[int, ...]:
    """Return the numbers at `offset`, zeros if the note is too short."""
    size = struct.calcsize(layout)
    return struct.unpack(layout, note[offset : offset + size].ljust(size, b"\0"))


def _time(*parts: int) -> datetime | None:
    try:
        return datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        return None


def _utf16(data: bytes, order: str = "<") -> str | None:
    return _text(data, "utf-16-le" if order == "<" else "utf-16-be")


def _text(data: bytes, encoding: str) -> str | None:
    text = data.decode(encoding, "ignore").split("\0")[0].strip()
    return text if text.isprintable() and text else None
