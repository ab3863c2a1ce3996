"""Removal of bytes that do not belong to a JPEG, and of nothing that holds pixels.

Cameras and recovery programs leave stray bytes between segments and padding before the end marker,
or leave the end marker out. libjpeg reports these as it reports damage, so the bytes are removed,
and the JPEG is decoded strictly again: real damage is reported then too. See ITU-T T.81, annex B.
"""

from __future__ import annotations

import re

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_MARKER = re.compile(rb"\xff+([^\xff\x00])")
_AFTER_SCAN = re.compile(rb"\xff+[^\xff\x00\xd0-\xd7]")
_PADDING = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_SEQUENTIAL_FRAMES = (0xC0, 0xC1)
_STANDALONE = (0x01, *range(0xD0, 0xD9))
_MIN_TELLING_BYTES = 3
"""So few bytes may be anything; more are padding only if all are the same."""


def without_stray_bytes(data: bytes) -> bytes | None:
    """Return the JPEG without bytes between its segments and behind its end.

    A missing end marker is added where all scans of a sequential JPEG are there. None if the
    structure can't be followed.
    """
    if data[:2] != _START:
        return None
    parts, at = [_START], 2
    components = scanned = 0
    while True:
        marker = _MARKER.search(data, at)
        if marker is None:
            complete = 0 < components <= scanned
            return b"".join((*parts, _END)) if complete else None
        kind, start = marker[1][0], marker.end() - 2
        if kind == _END[1]:
            return b"".join((*parts, _END))
        if kind in _STANDALONE:
            at = marker.end()
            continue
        end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if kind in _SEQUENTIAL_FRAMES:
            components = data[start + 9] if start + 9 < len(data) else 0
        if kind == _SCAN:
            scanned += data[start + 4] if start + 4 < len(data) else 0
            after = _AFTER_SCAN.search(data, end)
            end = after.start() if after else len(data)
        parts.append(data[start:end])
        at = end


def without_padding(jpeg: bytes, warning: str) -> bytes | None:
    """Return a JPEG that ends with its end marker without the padding that libjpeg warned of.

    None if the warning is about something else, or the bytes may be a part of the photo that was
    not decoded, since a damaged part before it was.
    """
    found = _PADDING.search(warning)
    if found is None:
        return None
    size = int(found[1])
    padding = jpeg[-2 - size : -2]
    if size >= _MIN_TELLING_BYTES and len(set(padding)) > 1:
        return None
    return jpeg[: -2 - size] + _END
