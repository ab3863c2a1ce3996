"""The header of a plain JPEG, read once for its size, orientation and EXIF data.

Pillow takes 250 µs to open a photo and read its EXIF data, while it holds Python's lock; so the
JPEGs that cameras write are read here. What is unusual is left to Pillow: whatever is read here is
what Pillow would have read. See ITU-T T.81, annex B.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ctc.images.metadata import tiff_tags
from ctc.images.metadata.tiff_tags import ASCII, LONG, RATIONAL, SHORT, TagType, TagValue

MAX_PIXELS = 178_956_970
"""The largest photo; Pillow refuses larger ones too."""
MAKE, MODEL, CHANGED, CAMERA_SERIAL = 0x010F, 0x0110, 0x0132, 0xC62F
EXIF, GPS = 0x8769, 0x8825
_ORIENTATION, _X_RESOLUTION, _RESOLUTION_UNIT, _PHOTOMETRIC = 0x0112, 0x011A, 0x0128, 0x0106
_MAIN_TAGS = {
    **dict.fromkeys((MAKE, MODEL, CHANGED, CAMERA_SERIAL), TagType(ASCII)),
    **dict.fromkeys((EXIF, GPS), TagType(LONG, 1)),
    # with other types or counts of the last three, Pillow takes the photo or its EXIF for damaged
    **dict.fromkeys((_ORIENTATION, _RESOLUTION_UNIT, _PHOTOMETRIC), TagType(SHORT, 1)),
    _X_RESOLUTION: TagType(RATIONAL, 1),
}
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_TABLES = frozenset({0xC4, 0xDD, 0xFE})  # Huffman tables, restart interval, comment
_QUANTISATION, _SCAN, _PROGRESSIVE = 0xDB, 0xDA, 0xC2
_FRAMES = frozenset({0xC0, 0xC1, _PROGRESSIVE})
_QUANTISATION_BYTES = 65
_MIN_BYTES = (  # shorter ones make Pillow refuse the photo
    (_APP0, b"JFIF", 14),
    (_APP14, b"Adobe", 12),
    (_APP2, b"ICC_PROFILE\0", 14),
)
_ADOBE_YCBCR = 1
_SEVERAL_PHOTOS = b"MPF\0"
_PHOTOSHOP, _RESOURCE = b"Photoshop 3.0\0", b"8BIM"
_RESOLUTION, _RESOLUTION_BYTES = 0x03ED, 16


class PhotoHeader(NamedTuple):
    """What the header of a JPEG says.

    `height`, `width`: pixels as stored, before EXIF orientation. `orientation`: 1–8, 1 if there is
    none. `is_single_scan`: not progressive, all components in one scan. `tiff`: the EXIF block,
    from its TIFF header on; empty if there is none. `main_tags`: those of its first directory.
    `is_ycbcr`: grey or Y'CbCr to every decoder; else it may be stored as RGB.
    """

    height: int
    width: int
    orientation: int
    is_single_scan: bool
    tiff: bytes
    main_tags: Mapping[int, TagValue]
    is_ycbcr: bool


def read_photo_header(data: bytes) -> PhotoHeader | None:
    """Return the header of a JPEG; None for another file, a damaged one, and an unusual one."""
    if data[:2] != b"\xff\xd8":
        return None
    at, size = 2, len(data)
    frame = tiff = xmp = adobe = b""
    progressive = False
    while at + 4 <= size and data[at] == 0xFF:
        marker = data[at + 1]
        start, at = at + 4, at + 2 + (data[at + 2] << 8 | data[at + 3])
        if start > at or at > size:
            return None
        if marker in _TABLES:
            continue
        body = data[start:at]
        if marker == _SCAN:
            single = not progressive and _is_complete_scan(frame, body)
            return _make_header(frame, tiff, xmp, single, adobe)
        if marker == _APP1 and body[:6] == b"Exif\0\0":
            if tiff:
                return None
            tiff = body[6:]
            if not tiff:
                return None
        elif marker == _APP1:
            xmp += body
        elif marker in _FRAMES and not frame:
            frame, progressive = body, marker == _PROGRESSIVE
        elif not _is_usual(marker, body):
            return None
        elif marker == _APP14:
            adobe = body
    return None


def _is_complete_scan(frame: bytes, scan: bytes) -> bool:
    """Return whether a scan holds all components of the frame."""
    components = frame[5] if len(frame) > 5 else 0
    return len(scan) == 4 + 2 * components and scan[:1] == frame[5:6]


def _is_usual(marker: int, body: bytes) -> bool:
    """Return whether Pillow takes note of nothing in a segment, and does not refuse it."""
    if marker == _QUANTISATION:
        precisions = body[::_QUANTISATION_BYTES]
        return len(body) % _QUANTISATION_BYTES == 0 and all(one < 16 for one in precisions)
    if marker & 0xF0 != _APP0 or (marker == _APP2 and body.startswith(_SEVERAL_PHOTOS)):
        return False
    if marker == _APP13 and body.startswith(_PHOTOSHOP):
        return _has_whole_resources(body)
    return all(
        marker != other or not body.startswith(name) or len(body) >= least
        for other, name, least in _MIN_BYTES
    )


def _has_whole_resources(body: bytes) -> bool:
    """Return whether all resources of a Photoshop segment are whole."""
    at, size = len(_PHOTOSHOP), len(body)
    while at < size:
        name = at + 6
        if body[at : at + 4] != _RESOURCE or name >= size:
            return False
        code, data = int.from_bytes(body[at + 4 : name], "big"), name + 1 + body[name]
        data += data % 2
        length = int.from_bytes(body[data : data + 4], "big")
        at = data + 4 + length
        at += at % 2
        if at > size + 1 or (code == _RESOLUTION and length < _RESOLUTION_BYTES):
            return False
    return True


def _make_header(
    frame: bytes, tiff: bytes, xmp: bytes, single: bool, adobe: bytes
) -> PhotoHeader | None:
    components = frame[5] if len(frame) > 5 else 0
    if components not in (1, 3) or frame[0] != 8 or len(frame) != 6 + 3 * components:
        return None
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    main = _main_tags(tiff)
    if not 0 < height * width <= MAX_PIXELS or main is None:
        return None
    if _ORIENTATION not in main and b"tiff:Orientation" in xmp:
        return None
    value = main.get(_ORIENTATION, 1)
    orientation = value if isinstance(value, int) and 1 <= value <= 8 else 1
    ycbcr = components == 1 or (
        frame[6::3] != b"RGB" and (not adobe.startswith(b"Adobe") or adobe[11] == _ADOBE_YCBCR)
    )
    return PhotoHeader(height, width, orientation, single, tiff, main, ycbcr)


def _main_tags(tiff: bytes) -> Mapping[int, TagValue] | None:
    if not tiff:
        return {}
    start = tiff_tags.first_directory(tiff)
    return None if start is None else tiff_tags.read_directory(tiff, start, _MAIN_TAGS)
