"""Header of a JPEG file up to its first scan; see ITU-T T.81, annex B."""

from __future__ import annotations

from dataclasses import dataclass

_BASELINE = 0xC0
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN = 0xDA
_APP1, _APP2, _APP14 = 0xE1, 0xE2, 0xEE
_420 = (0x22, 0x11, 0x11)
_YCBCR = 1
_SCAN = bytes((0xFF, _START_OF_SCAN))


@dataclass(frozen=True)
class JpegHeader:
    """Properties of a JPEG.

    `height`, `width`: pixels as stored, before EXIF orientation. `is_baseline_420`: baseline, 8
    bits, Y'CbCr 4:2:0, one image in the file. `has_exif`: there is an EXIF block.
    """

    height: int
    width: int
    is_baseline_420: bool
    has_exif: bool


def read_header(data: bytes) -> JpegHeader | None:
    """Return the header; None if `data` is not a JPEG or is damaged before its first scan."""
    if data[:2] != b"\xff\xd8":
        return None
    at, exif, other_colors, several = 2, False, False, False
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _STANDALONE_MARKERS:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        exif |= marker == _APP1 and body[:6] == b"Exif\0\0"
        several |= marker == _APP2 and body[:4] == b"MPF\0"
        other_colors |= marker == _APP14 and body[:5] == b"Adobe" and body[11:12] != bytes([_YCBCR])
        if marker in _FRAME_MARKERS and len(body) >= 6:
            sampling = tuple(body[7 + 3 * i] for i in range(body[5]) if 7 + 3 * i < len(body))
            baseline = marker == _BASELINE and body[0] == 8 and sampling == _420
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            return JpegHeader(height, width, baseline and not other_colors and not several, exif)
        if marker == _START_OF_SCAN:
            return None
        at += 2 + length
    return None


def count_scans(data: bytes) -> int:
    """Return the number of scans of a JPEG, counting also those in damaged parts."""
    start = data.find(_SCAN)
    return 0 if start < 0 else data.count(_SCAN, start)
