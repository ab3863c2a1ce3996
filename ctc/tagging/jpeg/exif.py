"""EXIF blocks without pictures, and without coordinates.

A block is rebuilt in place: what its known directories point to stays where it is, so that maker
notes keep their offsets, and all other bytes become zero: thumbnails, previews, rests of programs.
Format: TIFF 6.0, section 2; EXIF 2.32, section 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ctc.tagging.jpeg.pictures import JPEG, holds_picture

_ORIENTATION, _THUMBNAIL = 0x0112, 0x501B
_EXIF, _GPS, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005
_POINTERS = frozenset({_EXIF, _GPS, _INTEROPERABILITY})
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_SHORT = 3


class _Entry(NamedTuple):
    """`at`: where the entry is; `start`, `end`: its value, in the entry itself if it is short."""

    at: int
    tag: int
    kind: int
    start: int
    end: int


class _Block:
    """A TIFF block that is changed."""

    def __init__(self, tiff: bytes, order: str) -> None:
        self.data = bytearray(tiff)
        self._order = order

    def number(self, at: int, code: str = "L") -> int:
        (value,) = struct.unpack_from(self._order + code, self.data, at)
        return int(value)

    def write(self, at: int, value: int, code: str) -> None:
        struct.pack_into(self._order + code, self.data, at, value)

    def entries(self, directory: int) -> list[_Entry]:
        """Return the entries of a directory; raises struct.error or IndexError beyond the end."""
        found = []
        for number in range(self.number(directory, "H")):
            at = directory + 2 + 12 * number
            kind, count = self.number(at + 2, "H"), self.number(at + 4)
            size = _SIZES.get(kind, 0) * count
            start = at + 8 if size <= 4 else self.number(at + 8)
            if start + size > len(self.data):
                raise IndexError
            found.append(_Entry(at, self.number(at, "H"), kind, start, start + size))
        return found

    def drop(self, directory: int, tag: int) -> None:
        """Take the entry of a tag out of a directory, and close the gap."""
        count = self.number(directory, "H")
        end = directory + 2 + 12 * count
        for entry in self.entries(directory):
            if entry.tag == tag:
                rest = bytes(self.data[entry.at + 12 : end + 4])
                self.data[entry.at : end + 4] = rest + bytes(12)
                self.write(directory, count - 1, "H")
                return


def without_previews(tiff: bytes) -> bytes | None:
    """Return an EXIF block of an upright photo without any picture; None if it is damaged."""
    block = _block(tiff)
    if block is None:
        return None
    try:
        kept = list(_kept_ranges(block))
    except (struct.error, IndexError):
        return None
    clean = bytearray(len(block.data))
    for start, end in kept:
        clean[start:end] = block.data[start:end]
    found = bytes(clean[: max(end for _, end in kept)])
    return None if JPEG in found else found  # directories that lie over each other


def without_coordinates(tiff: bytes) -> bytes | None:
    """Return an EXIF block without its GPS directory, all else as it is; None if it is damaged."""
    block = _block(tiff)
    if block is None:
        return None
    try:
        main = block.number(4)
        for directory in (one for tag, one in _directories(block) if tag == _GPS):
            for entry in block.entries(directory):
                block.data[entry.start : entry.end] = bytes(entry.end - entry.start)
            size = 2 + 12 * block.number(directory, "H")
            block.data[directory : directory + size] = bytes(size)
        block.drop(main, _GPS)
    except (struct.error, IndexError):
        return None
    return bytes(block.data)


def _block(tiff: bytes) -> _Block | None:
    order = _ORDERS.get(tiff[:4])
    return None if order is None or len(tiff) < 8 else _Block(tiff, order)


def _kept_ranges(block: _Block) -> Iterator[tuple[int, int]]:
    """Yield the parts of a block that stay, after its orientation and its links were changed."""
    yield 0, 8
    for _, directory in _directories(block):
        entries = block.entries(directory)
        end = directory + 2 + 12 * len(entries)
        block.write(end, 0, "L")
        yield directory, end + 4
        for entry in entries:
            if entry.tag == _ORIENTATION and entry.kind == _SHORT:
                block.write(entry.start, 1, "H")
            value = bytes(block.data[entry.start : entry.end])
            if entry.tag != _THUMBNAIL and not holds_picture(value):
                yield entry.start, entry.end


def _directories(block: _Block) -> Iterator[tuple[int, int]]:
    """Yield the tag that points to each known directory, 0 for the first one, and its place."""
    pending, seen = [(0, block.number(4))], set[int]()
    while pending:
        tag, directory = pending.pop(0)
        if directory in seen:
            continue
        seen.add(directory)
        yield tag, directory
        pending += [
            (entry.tag, block.number(entry.start))
            for entry in block.entries(directory)
            if entry.tag in _POINTERS
        ]
