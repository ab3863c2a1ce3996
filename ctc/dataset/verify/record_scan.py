"""Where the records of a shard lie, also when some of its bytes are wrong."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ctc.storage.tfrecord import FOOTER_BYTES, HEADER_BYTES, masked_crc

RecordSpans = Sequence[tuple[int, int]]
"""(offset, size with framing) of records."""


@dataclass(frozen=True)
class ScanResult:
    """The `spans` of the records, without gaps from the file's start; `has_unreadable_tail`:
    something that follows the last could not be found."""

    spans: RecordSpans
    has_unreadable_tail: bool


def scan_records(handle: BinaryIO, file_size: int, index: RecordSpans) -> ScanResult:
    """Go from record to record by the lengths before them. Where a length is wrong, go on at the
    next offset that the index names, if the index covers the file from end to end or a sound length
    stands there. The damaged record is among the places."""
    starts = sorted({offset for offset, _ in index} | {offset + size for offset, size in index})
    trusted = _is_gapless(index, file_size)
    places: list[tuple[int, int]] = []
    at = 0
    while at < file_size:
        end = _record_end(handle, at)
        if end is None or end > file_size:
            following = (starts[i] for i in range(bisect_right(starts, at), len(starts)))
            end = next(
                (
                    start
                    for start in following
                    if trusted or start == file_size or _record_end(handle, start)
                ),
                None,
            )
        if end is None:
            return ScanResult([*places, (at, file_size - at)], has_unreadable_tail=True)
        places.append((at, end - at))
        at = end
    return ScanResult(places, has_unreadable_tail=False)


def _is_gapless(index: RecordSpans, file_size: int) -> bool:
    return [0, *(offset + size for offset, size in index)] == [
        *(offset for offset, _ in index),
        file_size,
    ]


def _record_end(handle: BinaryIO, offset: int) -> int | None:
    """Where the record at `offset` ends by its own length; None when the length is cut or its
    checksum is wrong."""
    handle.seek(offset)
    header = handle.read(HEADER_BYTES)
    if (
        len(header) < HEADER_BYTES
        or masked_crc(header[:8]) != struct.unpack_from("<I", header, 8)[0]
    ):
        return None
    length: int = struct.unpack_from("<Q", header)[0]
    return offset + HEADER_BYTES + length + FOOTER_BYTES


def index_fault(index: RecordSpans, scan: ScanResult) -> str | None:
    """How the index differs from the records; None when it doesn't. What is lost is not
    compared."""
    places = scan.spans[:-1] if scan.has_unreadable_tail else scan.spans
    for line, (said, place) in enumerate(zip(index, places, strict=False), 1):
        if said != place:
            return f"line {line} says offset {said[0]}, size {said[1]}; the record has offset {place[0]}, size {place[1]}"
    if len(index) < len(places) or (len(index) > len(places) and not scan.has_unreadable_tail):
        return f"has {len(index):,} lines, the shard has {len(places):,} records"
    return None
