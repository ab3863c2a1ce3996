"""A frame as the bytes of a file: an uncompressed TIFF, with its time as EXIF (TIFF 6.0).

Pixels are read back without a copy; by a library for TIFF it would take longer than decoding them.
"""

from __future__ import annotations

import struct
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _ASCII = 3, 4, 2
_SUBSECONDS, _ORIGINAL, _EXIF = 0x9291, 0x9003, 0x8769
_ENTRY = struct.Struct("<HHII")
_WIDTH_AT, _HEIGHT_AT = 18, 30
_EXIF_BYTES = 50
_BITS = struct.pack("<3H", 8, 8, 8)


def to_tiff(pixels: NDArray[np.uint8], taken: datetime | None) -> bytes:
    """Return RGB pixels, uint8 (height, width, 3), as a file; `taken`: by the camera's clock."""
    height, width = pixels.shape[:2]
    directory, bits_at = _directory(height, width, taken is not None)
    exif = _exif(taken, bits_at + len(_BITS)) if taken else b""
    return b"".join((directory, _BITS, exif, pixels.data))


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of a file as `to_tiff` writes it; None for any other."""
    found = _find_pixels(data)
    return found and found[:2]


def frame_pixels(data: bytes) -> NDArray[np.uint8] | None:
    """Return the pixels of a file as `to_tiff` writes it, read-only; None for any other."""
    found = _find_pixels(data)
    if found is None:
        return None
    height, width, start = found
    return np.frombuffer(data, np.uint8, offset=start).reshape(height, width, 3)


def _find_pixels(data: bytes) -> tuple[int, int, int] | None:
    """Return height, width and where the pixels begin."""
    if not data.startswith(b"II*\0\x08\0\0\0") or len(data) < 256:
        return None
    width, height = (int.from_bytes(data[at : at + 4], "little") for at in (_WIDTH_AT, _HEIGHT_AT))
    if not 0 < width * height <= len(data):
        return None
    for has_exif in (False, True):
        directory, bits_at = _directory(height, width, has_exif)
        start = bits_at + len(_BITS) + _EXIF_BYTES * has_exif
        if len(data) == start + height * width * 3 and data.startswith(directory + _BITS):
            return height, width, start
    return None


def _directory(height: int, width: int, has_exif: bool) -> tuple[bytes, int]:
    """Return what comes before the numbers of bits, and where these begin."""
    entries = 10 + has_exif
    bits_at = 8 + 2 + entries * _ENTRY.size + 4
    start = bits_at + len(_BITS) + _EXIF_BYTES * has_exif
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
        *[(_EXIF, _LONG, 1, bits_at + len(_BITS))] * has_exif,
    ]
    packed = b"".join(_ENTRY.pack(*tag) for tag in tags)
    header = struct.pack("<2sHIH", b"II", 42, 8, entries)
    return header + packed + struct.pack("<I", 0), bits_at


def _exif(taken: datetime, at: int) -> bytes:
    """Return an EXIF directory of `_EXIF_BYTES` that stands at this offset."""
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
