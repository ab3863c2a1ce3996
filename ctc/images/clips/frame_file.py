"""A frame as the bytes of a file: an uncompressed TIFF, with its time as EXIF (TIFF 6.0)."""

from __future__ import annotations

import struct
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _ASCII = 3, 4, 2
_SUBSECONDS, _ORIGINAL, _EXIF = 0x9291, 0x9003, 0x8769
_ENTRY = struct.Struct("<HHII")


def to_tiff(pixels: NDArray[np.uint8], taken: datetime | None) -> bytes:
    """Return RGB pixels, uint8 (height, width, 3), as a file; `taken`: by the camera's clock."""
    height, width = pixels.shape[:2]
    entries = 10 + (taken is not None)
    bits_at = 8 + 2 + entries * _ENTRY.size + 4
    exif = _exif(taken, bits_at + 6) if taken else b""
    start = bits_at + 6 + len(exif)
    tags = [
        (0x0100, _LONG, 1, width),
        (0x0101, _LONG, 1, height),
        (0x0102, _SHORT, 3, bits_at),
        (0x0103, _SHORT, 1, 1),
        (0x0106, _SHORT, 1, 2),
        (0x0111, _LONG, 1, start),
        (0x0115, _SHORT, 1, 3),
        (0x0116, _LONG, 1, height),
        (0x0117, _LONG, 1, height * width * 3),
        (0x011C, _SHORT, 1, 1),
        *[(_EXIF, _LONG, 1, bits_at + 6)] * bool(exif),
    ]
    directory = b"".join(_ENTRY.pack(*tag) for tag in tags)
    header = struct.pack("<2sHIH", b"II", 42, 8, entries) + directory + struct.pack("<I", 0)
    bits = struct.pack("<3H", 8, 8, 8)
    return b"".join((header, bits, exif, pixels.data))


def _exif(taken: datetime, at: int) -> bytes:
    """Return an EXIF directory that stands at this offset; its length is even."""
    time = f"{taken:%Y:%m:%d %H:%M:%S}\0".encode()
    fraction = f"{taken.microsecond // 1000:03d}\0".encode()
    time_at = at + 2 + 2 * _ENTRY.size + 4
    return b"".join(
        (
            struct.pack("<H", 2),
            _ENTRY.pack(_ORIGINAL, _ASCII, len(time), time_at),
            _ENTRY.pack(_SUBSECONDS, _ASCII, 4, int.from_bytes(fraction, "little")),
            struct.pack("<I", 0),
            time,
        )
    )
