"""Photoshop's image resources, in which JPEGs keep IPTC's data.

Format: Adobe Photoshop File Formats Specification, "Image Resource Blocks".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from ctc.tagging.jpeg.segments import MAX_BODY, PHOTOSHOP

IPTC, IPTC_DIGEST = 0x0404, 0x0425
_SIGNATURES = (b"8BIM", b"PHUT", b"MeSa", b"AgHg", b"DCSR")


class Resource(NamedTuple):
    """`name`: with its length and padding, as it is in the file."""

    signature: bytes
    number: int
    name: bytes
    data: bytes


def read_resources(bodies: Sequence[bytes]) -> list[Resource] | None:
    """Return the resources in the bodies of all segments; None if they can't be followed."""
    data = b"".join(body.removeprefix(PHOTOSHOP) for body in bodies)
    found: list[Resource] = []
    at = 0
    while at < len(data):
        if data[at : at + 4] not in _SIGNATURES or at + 7 > len(data):
            return None if data[at:].strip(b"\0") else found
        name_end = at + 7 + data[at + 6]
        name_end += (name_end - at - 6) % 2
        start = name_end + 4
        end = start + int.from_bytes(data[name_end:start], "big")
        if end > len(data):
            return None
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        found.append(Resource(data[at : at + 4], number, data[at + 6 : name_end], data[start:end]))
        at = end + (end - start) % 2
    return found


def with_iptc(resources: Sequence[Resource], iptc: bytes) -> list[Resource]:
    """Return the resources with other data of IPTC, and the digest by which Adobe's programs see
    that they belong to the XMP; without both where there are no data."""
    kept = [one for one in resources if one.number not in (IPTC, IPTC_DIGEST)]
    if not iptc:
        return kept
    digest = hashlib.md5(iptc, usedforsecurity=False).digest()
    return [
        Resource(b"8BIM", IPTC, b"\0\0", iptc),
        Resource(b"8BIM", IPTC_DIGEST, b"\0\0", digest),
        *kept,
    ]


def to_bodies(resources: Sequence[Resource]) -> list[bytes]:
    """Return the bodies of segments with all resources."""
    data = b"".join(
        one.signature
        + one.number.to_bytes(2, "big")
        + one.name
        + len(one.data).to_bytes(4, "big")
        + one.data
        + b"\0" * (len(one.data) % 2)
        for one in resources
    )
    size = MAX_BODY - len(PHOTOSHOP)
    return [PHOTOSHOP + data[at : at + size] for at in range(0, len(data), size)]
