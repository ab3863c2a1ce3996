"""Maker notes as Reconyx cameras write them, all with the same content.

Motion, photo 2 of 5 of trigger 70,000; 24 December 2021, 23:05:09; waning gibbous moon; 21 °F,
-6 °C; flash; 8.1 V; serial number H5X0123; label "NORTH 7" (HyperFire: its model).
"""

from __future__ import annotations

import struct
from typing import Any

SERIAL, LABEL = "H5X0123", b"NORTH 7"
_MONTH_FIRST, _DAY_FIRST = (9, 5, 23, 12, 24, 2021), (9, 5, 23, 24, 12, 2021)


def hyperfire(order: str = "<", swapped: bool = False, label: bytes = b"HC500 HYPERFIRE") -> bytes:
    time = [struct.pack(f"{order}H", value) for value in _MONTH_FIRST]
    wide = SERIAL.encode("utf-16-le" if order == "<" else "utf-16-be")
    return _note(
        (0, f"{order}2H", 0xF101, 3),
        (12, "2s", b"M"),
        (14, f"{order}4H", 2, 5, 1, 4464),
        (22, "12s", b"".join(value[::-1] if swapped else value for value in time)),
        (36, f"{order}H2h", 5, 21, -6),
        (42, "30s", wide),
        (80, f"{order}3H", 1, 100, 8100),
        (86, "22s", label),
    )


def ultrafire() -> bytes:
    return _note(
        (0, "10s", b"RECONYXUF"),
        (0x34, "<s2BI5BH", b"M", 2, 5, 70_000, *_DAY_FIRST),
        (0x42, "<2B2hBH", 5, 5, 21, -6, 1, 8100),
        (0x4B, "15s", SERIAL.encode()),
        (0x5A, "21s", LABEL),
    )


def hyperfire_2() -> bytes:
    return _note(
        (0, "10s", b"RECONYXH2"),
        (0x34, "<2s4H6H", b"M", 2, 5, 1, 4464, *_MONTH_FIRST),
        (0x4C, "<H2h", 5, 21, -6),
        (0x5A, "<H", 1),
        (0x62, "<H", 8100),
        (0x68, "22s", LABEL),
        (0x7E, "30s", SERIAL.encode("utf-16-le")),
    )


def microfire() -> bytes:
    return _note(
        (0, "10s", b"RECONYXMF"),
        (0x44, "<2s4H6H", b"M", 2, 5, 1, 4464, *_MONTH_FIRST),
        (0x5C, "<H2h", 5, 21, -6),
        (0x6A, "<B", 1),
        (0x72, "<H", 8100),
        (0x76, "22s", LABEL),
        (0x8C, "30s", SERIAL.encode("utf-16-le")),
    )


def hyperfire_4k() -> bytes:
    return _note(
        (0, "12s", b"RECONYXHF4K"),
        (0x28, "<s2BI5BH", b"M", 2, 5, 70_000, *_DAY_FIRST),
        (0x37, "<B2h", 5, 21, -6),
        (0x44, "<B", 1),
        (0x4B, "<H", 8100),
        (0x51, "51s", LABEL),
        (0x84, "15s", SERIAL.encode()),
    )


def _note(*fields: tuple[Any, ...]) -> bytes:
    note = bytearray(200)
    for offset, layout, *values in fields:
        struct.pack_into(layout, note, offset, *values)
    return bytes(note)
