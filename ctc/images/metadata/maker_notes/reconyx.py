"""Maker notes of Reconyx cameras, whose HyperFire models write date and serial number only there.

Layouts: https://exiftool.org/TagNames/Reconyx.html; offsets here count bytes. In the time of a
HyperFire 2 the month precedes the day, as its photos show; exiftool 12 and 13 read the reverse.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import datetime

from ctc.images.metadata.camera_data import (
    ACTIVITY,
    EXTERNAL,
    MANUAL,
    MOON_PHASES,
    NO_CAMERA_DATA,
    TIME_LAPSE,
    CameraData,
    plausible_temperature,
)

MAKE = "RECONYX"
TRIGGERS = {
    "M": ACTIVITY,
    "T": TIME_LAPSE,
    "P": MANUAL,
    "E": EXTERNAL,
    "C": "codeLocNotEntered",
    "S": "cellStatus",
    "L": "cellLiveView",
}
_MODEL = re.compile(r"[A-Z]{2}\d{3}\w*\b.*")
_MONTH_FIRST, _DAY_FIRST = (5, 3, 4, 2, 1, 0), (5, 4, 3, 2, 1, 0)
"""Where year, month, day, hour, minute and second are among the numbers of a time."""


@dataclass(frozen=True)
class _Layout:
    """Where the fields are, as offset and `struct` format or, of texts, offset and size."""

    trigger: int
    sequence: tuple[int, str]
    number: tuple[int, str]
    time: tuple[int, str]
    moon: tuple[int, str]
    temperature: int
    flash: tuple[int, str]
    battery: int
    label: tuple[int, int]
    serial: tuple[int, int]
    date: tuple[int, ...] = _MONTH_FIRST
    wide_serial: bool = True
    """Whether the serial number has two bytes per character."""


_HYPERFIRE = _Layout(
    trigger=12,
    sequence=(14, "2H"),
    number=(18, "2H"),
    time=(22, "6H"),
    moon=(36, "H"),
    temperature=40,
    flash=(80, "H"),
    battery=84,
    label=(86, 22),
    serial=(42, 30),
)
_ULTRAFIRE = _Layout(
    trigger=0x34,
    sequence=(0x35, "2B"),
    number=(0x37, "I"),
    time=(0x3B, "5BH"),
    moon=(0x43, "B"),
    temperature=0x46,
    flash=(0x48, "B"),
    battery=0x49,
    label=(0x5A, 21),
    serial=(0x4B, 15),
    date=_DAY_FIRST,
    wide_serial=False,
)
_HYPERFIRE_2 = _Layout(
    trigger=0x34,
    sequence=(0x36, "2H"),
    number=(0x3A, "2H"),
    time=(0x3E, "6H"),
    moon=(0x4C, "H"),
    temperature=0x50,
    flash=(0x5A, "H"),
    battery=0x62,
    label=(0x68, 22),
    serial=(0x7E, 30),
)
_MICROFIRE = _Layout(
    trigger=0x44,
    sequence=(0x46, "2H"),
    number=(0x4A, "2H"),
    time=(0x4E, "6H"),
    moon=(0x5C, "H"),
    temperature=0x60,
    flash=(0x6A, "B"),
    battery=0x72,
    label=(0x76, 22),
    serial=(0x8C, 30),
)
_HYPERFIRE_4K = _Layout(
    trigger=0x28,
    sequence=(0x29, "2B"),
    number=(0x2B, "I"),
    time=(0x2F, "5BH"),
    moon=(0x37, "B"),
    temperature=0x3A,
    flash=(0x44, "B"),
    battery=0x4B,
    label=(0x51, 51),
    serial=(0x84, 15),
    date=_DAY_FIRST,
    wide_serial=False,
)
_LAYOUTS = {
    b"\x01\xf1": (_HYPERFIRE, "<"),
    b"\xf1\x01": (_HYPERFIRE, ">"),
    b"RECONYXUF": (_ULTRAFIRE, "<"),
    b"RECONYXH2": (_HYPERFIRE_2, "<"),
    b"RECONYXMF": (_MICROFIRE, "<"),
    b"RECONYXHF4K": (_HYPERFIRE_4K, "<"),
}


@dataclass(frozen=True, slots=True)
class MakerNote:
    """What the note says; None where a value is missing or invalid. `taken`: the camera's time."""

    taken: datetime | None = None
    model: str | None = None
    serial: str | None = None
    data: CameraData = NO_CAMERA_DATA


def parse_maker_note(note: object) -> MakerNote | None:
    """Return the content of a Reconyx maker note, or None for another one."""
    if not isinstance(note, bytes):
        return None
    for start, (layout, order) in _LAYOUTS.items():
        if note.startswith(start):
            return _parse(note, layout, order)
    return None


def model_in_label(label: str | None) -> str | None:
    """Return the label of a HyperFire if it is the name of its model, as it is delivered."""
    return label if label and _MODEL.fullmatch(label) else None


def _parse(note: bytes, layout: _Layout, order: str) -> MakerNote:
    wide = "utf-16-le" if order == "<" else "utf-16-be"
    serial = _text(note, *layout.serial, wide if layout.wide_serial else "ascii")
    label = _text(note, *layout.label, "ascii")
    model = model_in_label(label) if layout is _HYPERFIRE else None
    data = _camera_data(note, layout, order, None if model else label)
    return MakerNote(_time(note, layout, order), model, serial, data)


def _camera_data(note: bytes, layout: _Layout, order: str, label: str | None) -> CameraData:
    def numbers(offset: int, kinds: str) -> tuple[int, ...]:
        return _unpack(order + kinds, note, offset)

    place = numbers(*layout.sequence)
    known = len(place) == 2 and 1 <= place[0] <= place[1]
    moon, flash, count = numbers(*layout.moon), numbers(*layout.flash), numbers(*layout.number)
    battery = numbers(layout.battery, "H")
    return CameraData(
        temperature=plausible_temperature(next(iter(numbers(layout.temperature, "h")), None)),
        trigger=TRIGGERS.get(_text(note, layout.trigger, 1, "ascii") or ""),
        sequence=place[0] if known else None,
        sequence_length=place[1] if known else None,
        trigger_number=(count[0] << 16) + count[1] if len(count) == 2 else next(iter(count), None),
        flash=bool(flash[0]) if flash and flash[0] in (0, 1) else None,
        moon_phase=MOON_PHASES[moon[0]] if moon and moon[0] < len(MOON_PHASES) else None,
        battery=battery[0] / 1000 if battery and battery[0] else None,
        label=label,
    )


def _time(note: bytes, layout: _Layout, order: str) -> datetime | None:
    values = _unpack(order + layout.time[1], note, layout.time[0])
    if not values:
        return None
    if layout is _HYPERFIRE and values[0] & 0xFF00 and not values[0] & 0xFF:
        # some cameras swap the bytes of the time only
        values = tuple((value >> 8) | ((value & 0xFF) << 8) for value in values)
    try:
        return datetime(*(values[i] for i in layout.date))  # type: ignore[arg-type]
    except ValueError:
        return None


def _unpack(layout: str, note: bytes, offset: int) -> tuple[int, ...]:
    """Return the numbers at `offset`; none if the note is too short."""
    size = struct.calcsize(layout)
    return struct.unpack_from(layout, note, offset) if len(note) >= offset + size else ()


def _text(note: bytes, offset: int, size: int, encoding: str) -> str | None:
    text = note[offset : offset + size].decode(encoding, "ignore").split("\0")[0].strip()
    return text if text.isprintable() and text else None
