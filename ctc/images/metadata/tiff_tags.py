"""Tags of a TIFF directory, as EXIF blocks have them (TIFF 6.0, section 2).

Only what is as the standard says is read: Pillow reads the rest, at ten times the cost.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
TagValue = str | bytes | int | tuple[float, ...]
"""The value of a tag of the type ASCII; UNDEFINED; SHORT or LONG; RATIONAL or SRATIONAL."""

_UNIT_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_UNIT_BYTES[16] = 8
_INLINE_BYTES = 4


class TagType(NamedTuple):
    """The type that a tag should have, and its number of values; 0 for any."""

    kind: int
    values: int = 0


class _Layout:
    """The structures of a byte order, '<' or '>'."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.short = struct.Struct(f"{order}H")
        self.long = struct.Struct(f"{order}L")
        self.entry = struct.Struct(f"{order}HHL4s")


_LAYOUTS = {b"II*\0": _Layout("<"), b"MM\0*": _Layout(">")}


def first_directory(tiff: bytes) -> int | None:
    """Return the offset of the first directory; None if `tiff` does not start as a TIFF does."""
    layout = _LAYOUTS.get(tiff[:4])
    if layout is None or len(tiff) < 8:
        return None
    offset: int = layout.long.unpack_from(tiff, 4)[0]
    return offset


def read_directory(
    tiff: bytes, offset: int, wanted: Mapping[int, TagType]
) -> dict[int, TagValue] | None:
    """Return the values of the `wanted` tags in the directory at `offset`, in the order of `tiff`.

    None if a wanted tag is there twice or is of another type, and if anything in the directory
    lies outside of `tiff`: the values may be wrong then, or differ from those that Pillow reads.
    """
    layout = _LAYOUTS[tiff[:4]]
    size = len(tiff)
    if offset + 2 > size:
        return None
    end = offset + 2 + 12 * layout.short.unpack_from(tiff, offset)[0]
    if end + 4 > size:
        return None
    found: dict[int, TagValue] = {}
    total = 0
    for tag, kind, count, value in layout.entry.iter_unpack(tiff[offset + 2 : end]):
        length = count * _UNIT_BYTES.get(kind, 0)
        if length > _INLINE_BYTES:
            start = layout.long.unpack(value)[0]
            total += length
            if start + length > size or total > size:
                return None
        if tag in wanted:
            expected = wanted[tag]
            if kind != expected.kind or tag in found or not count:
                return None
            if expected.values not in (0, count):
                return None
            data = tiff[start : start + length] if length > _INLINE_BYTES else value[:length]
            found[tag] = _parse(kind, data, layout)
    return found


def _parse(kind: int, data: bytes, layout: _Layout) -> TagValue:
    if kind == ASCII:
        return data.removesuffix(b"\0").decode("latin-1")
    if kind in (RATIONAL, SRATIONAL):
        unit = "L" if kind == RATIONAL else "l"
        numbers = struct.unpack(f"{layout.order}{len(data) // 4}{unit}", data)
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(top / bottom if bottom else float("nan") for top, bottom in pairs)
    if kind == UNDEFINED:
        return data
    number: int = (layout.short if kind == SHORT else layout.long).unpack(data)[0]
    return number
