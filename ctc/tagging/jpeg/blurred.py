"""Metadata of a JPEG for a blurred copy: nothing in them shows what was blurred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctc.errors import InputError
from ctc.tagging.jpeg.exif import without_previews
from ctc.tagging.jpeg.iptc import read_iptc
from ctc.tagging.jpeg.iptc import to_bytes as iptc_to_bytes
from ctc.tagging.jpeg.photoshop import IPTC, read_resources, to_bodies, with_iptc
from ctc.tagging.jpeg.pictures import holds_picture, is_plain_text
from ctc.tagging.jpeg.segments import (
    APP1,
    APP2,
    APP13,
    COMMENT,
    EXIF,
    ICC,
    PHOTOSHOP,
    XMP,
    JpegFile,
    Segment,
    read_segments,
)
from ctc.tagging.xmp.packet import XmpPacket

_PREVIEWS = (
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    ("http://ns.adobe.com/photoshop/1.0/", "EmbeddedXMPDigest"),
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"),
)
"""Properties of XMP with a picture, or that lead to one."""
_TEXTS = 6
"""The last record of IPTC that describes; those behind it are of the picture itself."""
_IPTC_PREVIEWS = ((2, 200), (2, 201), (2, 202))
_COLOURS = slice(len(ICC) + 2 + 16, len(ICC) + 2 + 20)
"""Where the first segment of a colour profile says what it is for (ICC.1, section 7.2)."""


def with_metadata_of(original: bytes, jpeg: bytes) -> bytes:
    """Return a JPEG of upright pixels with the metadata of the original, but no pictures in them.

    EXIF, XMP, IPTC, the colour profile and comments are kept, without the fields that hold a
    picture, see `holds_picture`. All else is left out, since it may hold one.
    """
    before, after = read_segments(original), read_segments(jpeg)
    if before is None or after is None:
        return jpeg
    own = [one for one in after.segments if not one.is_metadata]
    return JpegFile((*_kept(before), *own), after.rest).to_bytes()


def _kept(file: JpegFile) -> Iterator[Segment]:
    for one in file.find(APP1, EXIF)[:1]:
        tiff = without_previews(one.body.removeprefix(EXIF))
        if tiff is not None:
            yield Segment(APP1, EXIF + tiff)
    for one in file.find(APP1, XMP)[:1]:
        xmp = without_pictures(one.body.removeprefix(XMP))
        if xmp is not None:
            yield Segment(APP1, XMP + xmp)
    bodies = [one.body for one in file.find(APP13, PHOTOSHOP)]
    for body in to_bodies(with_iptc([], _iptc_without_pictures(bodies))):
        yield Segment(APP13, body)
    profile = file.find(APP2, ICC)
    if profile and profile[0].body[_COLOURS] == b"RGB ":  # the pixels are RGB now
        yield from profile
    comments = [one for one in file.segments if one.marker == COMMENT]
    if is_plain_text(b"".join(one.body for one in comments)):
        yield from comments


def _iptc_without_pictures(bodies: Sequence[bytes]) -> bytes:
    resources = read_resources(bodies) or []
    data = next((one.data for one in resources if one.number == IPTC), b"")
    kept = [one for one in read_iptc(data) or [] if one.key[0] <= _TEXTS]
    return iptc_to_bytes(
        one for one in kept if one.key not in _IPTC_PREVIEWS and not holds_picture(one.value)
    )


def without_pictures(xmp: bytes) -> bytes | None:
    """Return an XMP packet without pictures; None if it can't be read."""
    try:
        packet = XmpPacket(xmp)
    except InputError:
        return None
    removed = [packet.remove(namespace, name) for namespace, name in _PREVIEWS]
    removed.append(packet.remove_values(lambda text: holds_picture(text.encode())))
    return packet.to_bytes() if any(removed) else xmp
