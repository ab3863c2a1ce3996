"""The segments of a JPEG before its first scan, and the file put together again (ITU-T T.81)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP = b"Photoshop 3.0\0"
ICC = b"ICC_PROFILE\0"
SEVERAL_PHOTOS = b"MPF\0"
APP0, APP1, APP2, APP13, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xEF, 0xFE
MAX_BODY = 65_533
_START, _SCAN, _FILL = b"\xff\xd8", 0xDA, 0xFF
_STANDALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})


@dataclass(frozen=True, slots=True)
class Segment:
    """`body`: without the marker and the length."""

    marker: int
    body: bytes

    def is_a(self, marker: int, name: bytes) -> bool:
        """Return whether it has that marker, and its body begins so."""
        return self.marker == marker and self.body.startswith(name)

    @property
    def is_metadata(self) -> bool:
        """Whether it is one of those that stand before the tables: APP0 to APP15."""
        return APP0 <= self.marker <= APP15


@dataclass(frozen=True, slots=True)
class JpegFile:
    """`segments`: in their order; `rest`: from the first scan to the end of the file."""

    segments: tuple[Segment, ...]
    rest: bytes

    def find(self, marker: int, name: bytes) -> tuple[Segment, ...]:
        """Return the segments with that marker whose body begins so."""
        return tuple(one for one in self.segments if one.is_a(marker, name))

    def replaced(self, marker: int, name: bytes, bodies: Iterable[bytes]) -> JpegFile:
        """Return the file with other segments in place of those that `find` returns.

        They stand where the first of those stood, else behind JFIF's and EXIF's.
        """
        added = [Segment(marker, body) for body in bodies]
        kept = [one for one in self.segments if not one.is_a(marker, name)]
        first = next(
            (at for at, one in enumerate(self.segments) if one.is_a(marker, name)),
            sum(one.marker == APP0 or one.is_a(APP1, EXIF) for one in kept[: _leading(kept)]),
        )
        return JpegFile((*kept[:first], *added, *kept[first:]), self.rest)

    def to_bytes(self) -> bytes:
        """Return the file."""
        parts = [_START]
        for one in self.segments:
            length = (len(one.body) + 2).to_bytes(2, "big")
            parts += [bytes((_FILL, one.marker)), length, one.body]
        return b"".join((*parts, self.rest))


def read_segments(data: bytes) -> JpegFile | None:
    """Return the segments of a JPEG; None for another file, and one damaged before its scan."""
    if data[:2] != _START:
        return None
    segments: list[Segment] = []
    at, size = 2, len(data)
    while at + 4 <= size and data[at] == _FILL:
        marker = data[at + 1]
        if marker == _FILL:
            at += 1
            continue
        if marker == _SCAN:
            return JpegFile(tuple(segments), data[at:])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _STANDALONE or end > size or end < at + 4:
            return None
        segments.append(Segment(marker, data[at + 4 : end]))
        at = end
    return None


def _leading(segments: list[Segment]) -> int:
    """Return how many segments of JFIF and EXIF the file begins with."""
    for at, one in enumerate(segments):
        if one.marker != APP0 and not one.is_a(APP1, EXIF):
            return at
    return len(segments)
