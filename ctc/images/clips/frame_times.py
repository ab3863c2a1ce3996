"""The times of all frames of an MP4 or QuickTime video, as its index tells them (ISO/IEC 14496-12).

Nothing is decoded for it. The boxes are `mdhd` (time scale), `stts` (durations), `ctts` (offsets of
frames that are shown in another order) and `elst` (what is shown at all).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
_MAX_CHILDREN = 1_000
_HEADER = 8
_Box = memoryview


def read_frame_times(moov: bytes, most: int) -> Times | None:
    """Return the times of the frames in seconds after the first, ascending.

    None if the index does not tell them, tells of more than `most` frames, or leaves some out.
    """
    for name, track in _children(memoryview(moov)):
        kind = _find(track, b"mdia", b"hdlr") if name == b"trak" else None
        if kind is not None and bytes(kind[8:12]) == b"vide":
            return _times(track, most)
    return None


def _times(track: _Box, most: int) -> Times | None:
    scale = _time_scale(_find(track, b"mdia", b"mdhd"))
    table = (b"mdia", b"minf", b"stbl")
    durations = _pairs(_find(track, *table, b"stts"), "u4")
    if not scale or durations is None or not 1 <= durations[:, 0].sum() <= most:
        return None
    moments = np.cumsum(np.repeat(durations[:, 1], durations[:, 0]))
    moments = np.concatenate([[0], moments[:-1]])
    if (offsets := _find(track, *table, b"ctts")) is not None:
        shifts = _pairs(offsets, "i4" if offsets[0] else "u4")
        if shifts is None or shifts[:, 0].min() < 0 or shifts[:, 0].sum() != len(moments):
            return None
        moments = np.sort(moments + np.repeat(shifts[:, 1], shifts[:, 0]))
    if not _shows_all(_find(track, b"edts", b"elst"), int(moments[0])):
        return None
    return np.asarray((moments - moments[0]) / scale, np.float64)


def _pairs(box: _Box | None, second: str) -> NDArray[np.int64] | None:
    """Return the (count, value) pairs of a table, None for none; `second`: the type of values."""
    if box is None or len(box) < _HEADER:
        return None
    count = int.from_bytes(box[4:8], "big")
    if not 0 < count <= (len(box) - _HEADER) // 8:
        return None
    kind = np.dtype([("count", ">u4"), ("value", f">{second}")])
    found = np.frombuffer(box, kind, count, _HEADER)
    return np.stack([found["count"].astype(np.int64), found["value"].astype(np.int64)], axis=1)


def _time_scale(mdhd: _Box | None) -> int:
    if mdhd is None or len(mdhd) < 24:
        return 0
    at = 20 if mdhd[0] == 1 else 12
    return int.from_bytes(mdhd[at : at + 4], "big")


def _shows_all(elst: _Box | None, first: int) -> bool:
    """Return whether an edit list begins at the first frame, and has no second part."""
    if elst is None:
        return True
    size, at = (20, 8) if len(elst) and elst[0] == 1 else (12, 4)
    entries = elst[_HEADER:]
    starts = [
        int.from_bytes(entries[place + at : place + 2 * at], "big", signed=True)
        for place in range(0, len(entries) - size + 1, size)
    ]
    shown = [start for start in starts if start >= 0]  # −1 is a pause before the first frame
    return len(shown) <= 1 and all(start <= first for start in shown)


def _find(box: _Box, name: bytes, *inner: bytes) -> _Box | None:
    """Return the content of the first box of that name, or of one inside it."""
    for found, content in _children(box):
        if found == name:
            return _find(content, *inner) if inner else content
    return None


def _children(box: _Box) -> Iterator[tuple[bytes, _Box]]:
    at = 0
    for _ in range(_MAX_CHILDREN):
        size = int.from_bytes(box[at : at + 4], "big")
        if size < _HEADER or at + size > len(box):
            return
        yield bytes(box[at + 4 : at + 8]), box[at + _HEADER : at + size]
        at += size
