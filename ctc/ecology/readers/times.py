"""Times of many events at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.camtrap_dp.timestamps import parse_moment
from ctc.ecology.survey import Floats, Times

if TYPE_CHECKING:
    import pyarrow as pa

_SECONDS = 19
"""Characters of `2024-05-01T10:20:30`."""


def parse_times(texts: pa.ChunkedArray) -> tuple[Times, Floats]:
    """Return the times of a camera's clock, and minutes ahead of UTC where the text says so.

    `texts`: ISO 8601, as `2024-05-01T10:20:30`, with or without a zone. What is no time, or has no
    time of day, is NaT.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts.cast(pa.large_string())
    heads = pc.utf8_slice_codeunits(texts, 0, _SECONDS)
    usual = pc.match_substring_regex(heads, r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d$")
    try:
        times = pc.if_else(usual, heads, None).cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        return _parse_one_by_one(texts)
    found = times.to_numpy().astype("datetime64[s]")
    zone = _zones(pc.utf8_slice_codeunits(texts, _SECONDS))
    odd = np.flatnonzero(~pc.fill_null(usual, False).to_numpy(zero_copy_only=False))
    if len(odd):
        found, zone = found.copy(), zone.copy()
        found[odd], zone[odd] = _parse_one_by_one(pc.take(texts, pa.array(odd)))
    return found, zone


def _parse_one_by_one(texts: pa.ChunkedArray) -> tuple[Times, Floats]:
    times = np.full(len(texts), np.datetime64("NaT", "s"))
    zone = np.full(len(texts), np.nan)
    for number, text in enumerate(texts.to_pylist()):
        moment, has_clock = parse_moment(text or "")
        if moment is not None and has_clock:
            times[number] = np.datetime64(moment.replace(tzinfo=None), "s")
            zone[number] = _offset(moment)
    return times, zone


def _zones(ends: pa.ChunkedArray) -> Floats:
    """Return the offset in minutes of what follows the seconds of times."""
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(ends).combine_chunks()
    names = encoded.dictionary.to_pylist()
    known = np.array([_offset(parse_moment(f"2000-01-01T00:00:00{one}")[0]) for one in names])
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(known, np.nan)[codes])


def _offset(moment: datetime | None) -> float:
    offset = None if moment is None else moment.utcoffset()
    return float("nan") if offset is None else offset.total_seconds() / 60
