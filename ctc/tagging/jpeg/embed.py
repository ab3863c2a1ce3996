"""Keywords written into the metadata of a JPEG; its pixels stay byte for byte."""

from __future__ import annotations

from ctc.errors import InputError
from ctc.tagging.jpeg.iptc import read_iptc, to_bytes, with_keywords
from ctc.tagging.jpeg.photoshop import IPTC, read_resources, to_bodies, with_iptc
from ctc.tagging.jpeg.segments import (
    APP1,
    APP2,
    APP13,
    EXTENDED_XMP,
    MAX_BODY,
    PHOTOSHOP,
    SEVERAL_PHOTOS,
    XMP,
    JpegFile,
    read_segments,
)
from ctc.tagging.keywords import Keywords
from ctc.tagging.xmp.packet import XmpPacket
from ctc.tagging.xmp.tags import apply_keywords, own_subject


def embed_keywords(data: bytes, keywords: Keywords) -> bytes | None:
    """Return a JPEG with keywords in XMP and IPTC; None for a file that they can't be written into.

    That is a file of another kind, one damaged before its pixels, one with several photos, whose
    places would change, and one with more metadata than fit. Raises InputError for XMP data that
    can't be read.
    """
    file = read_segments(data)
    if file is None or file.find(APP2, SEVERAL_PHOTOS):
        return None
    old = file.find(APP1, XMP)
    if len(old) > 1 or (file.find(APP1, EXTENDED_XMP) and not old):
        raise InputError("it has several XMP packets")
    packet = XmpPacket(old[0].body.removeprefix(XMP)) if old else XmpPacket()
    before = own_subject(packet)
    if not keywords.paths and not before:
        return data
    apply_keywords(packet, keywords)
    body = XMP + packet.to_bytes()
    bodies = _photoshop_bodies(file, before, keywords)
    if len(body) > MAX_BODY or bodies is None:
        return None
    return file.replaced(APP13, PHOTOSHOP, bodies).replaced(APP1, XMP, [body]).to_bytes()


def _photoshop_bodies(file: JpegFile, before: list[str], keywords: Keywords) -> list[bytes] | None:
    """Return the bodies with IPTC's keywords; None if the present ones can't be read."""
    resources = read_resources([one.body for one in file.find(APP13, PHOTOSHOP)])
    if resources is None:
        return None
    old = b"".join(one.data for one in resources if one.number == IPTC)
    datasets = read_iptc(old)
    if datasets is None:
        return None
    return to_bodies(with_iptc(resources, to_bytes(with_keywords(datasets, before, keywords.flat))))
