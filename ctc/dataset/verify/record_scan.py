"""Find the records of a shard, even if some of its bytes are damaged."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ctc.reporting import counted
from ctc.storage.tfrecord import FOOTER_BYTES, HEADER_BYTES, masked_crc

RecordSpans = Sequence[tuple[int, int]]
"""(offset, size with framing) of records."""


@dataclass(frozen=True)
class ScanResult:
    """The spans of the records, without gaps from the file's start.

    `has_unreadable_tail`: the last span is damaged, and no record after it could be found.
    """

    spans: RecordSpans
    has_unreadable_tail: bool


def scan_records(handle: BinaryIO, file_size: int, index: RecordSpans) -> ScanResult:
    """Follow the records by the length that each starts with.

    Where a length is damaged, continue at the next offset in the index, if the index covers the
    whole file or a valid length is found there. The damaged record is among the spans.
    """
    starts = sorted({offset for offset, _ in index} | {offset + size for offset, size in index})
    trusted = _is_gapless(index, file_size)
    spans: list[tuple[int, int]] = []
    offset = 0
    while offset < file_size:
        end = _record_end(handle, offset)
        if end is None or end > file_size:
            following = (starts[i] for i in range(bisect_right(starts, offset), len(starts)))
            end = next(
                (
                    start
                    for start in following
                    if trusted or start == file_size or _record_end(handle, start)
                ),
                None,
            )
        if end is None:
            return ScanResult([*spans, (offset, file_size - offset)], has_unreadable_tail=True)
        spans.append((offset, end - offset))
        offset = end
    return ScanResult(spans, has_unreadable_tail=False)


def _is_gapless(index: RecordSpans, file_size: int) -> bool:
    return [0, *(offset + size for offset, size in index)] == [
        *(offset for offset, _ in index),
        file_size,
    ]


def _record_end(handle: BinaryIO, offset: int) -> int | None:
    """Return where the record at `offset` ends by its own length.

    Returns None if the length is cut off or its checksum is wrong.
    """
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
    """Return how the index differs from the records, or None.

    Records in an unreadable tail are not compared.
    """
    spans = scan.spans[:-1] if scan.has_unreadable_tail else scan.spans
    for line, (indexed, span) in enumerate(zip(index, spans, strict=False), 1):
        if indexed != span:
            return (
                f"line {line} says offset {indexed[0]}, size {indexed[1]}; "
                f"the record has offset {span[0]}, size {span[1]}"
            )
    if len(index) < len(spans) or (len(index) > len(spans) and not scan.has_unreadable_tail):
        return f"has {counted(len(index), 'line')}, the shard has {counted(len(spans), 'record')}"
    return None
