"""Check single records: checksums, labels, and photos that decode completely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.dataset.verify.event_index import hash_event_id
from ctc.dataset.verify.record_scan import RecordSpans
from ctc.errors import ImageError, InputError
from ctc.images import decode, oriented_size
from ctc.images.jpeg_header import read_header
from ctc.reporting import counted
from ctc.storage.tfrecord import unframe

MIN_DECODE_SIZE = (1, 1)


@dataclass
class RecordStats:
    """Counts and faults of some records of a shard.

    `faults`: (offset, what is wrong). `unreadable`: number of records that could not be read at
    all. `counts`: observations per (label, class number). `ids`: (64-bit hash of the event's id,
    offset).
    """

    records: int = 0
    unreadable: int = 0
    images: int = 0
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    ids: list[tuple[int, int]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def merge(self, other: RecordStats) -> None:
        """Add the counts of `other`, but not its faults."""
        self.records += other.records
        self.unreadable += other.unreadable
        self.images += other.images
        self.counts += other.counts
        self.ids += other.ids


def check_records(shard: Path, spans: RecordSpans, classes: Mapping[str, int]) -> RecordStats:
    """Read and check the records in these spans; `classes`: number of classes per label."""
    stats = RecordStats(records=len(spans))
    with shard.open("rb") as handle:
        for offset, size in spans:
            handle.seek(offset)
            try:
                record = EventRecord.decode(unframe(handle.read(size)))
            except (InputError, OSError) as error:
                stats.unreadable += 1
                stats.faults.append((offset, str(error)))
            else:
                _update_stats(record, offset, stats)
                stats.faults += ((offset, fault) for fault in _record_faults(record, classes))
    return stats


def _update_stats(record: EventRecord, offset: int, stats: RecordStats) -> None:
    stats.images += len(record.jpegs)
    stats.ids.append((hash_event_id(record.event_id), offset))
    for label, numbers in record.labels.items():
        stats.counts.update((label, number) for number in numbers if number != MISSING)


def _record_faults(record: EventRecord, classes: Mapping[str, int]) -> Iterator[str]:
    yield from _label_faults(record, classes)
    for what, count in (
        ("'image/height' and 'image/width'", len(record.sizes)),
        ("'image/paths'", len(record.paths)),
    ):
        if count != len(record.jpegs):
            entries = counted(count, "entry", "entries")
            yield f"{what} have {entries} for {counted(len(record.jpegs), 'photo')}"
    for number, (jpeg, size) in enumerate(zip(record.jpegs, record.sizes, strict=False)):
        fault = _photo_fault(jpeg, size)
        if fault:
            yield f"photo {number} of event '{record.event_id}' {fault}"


def _label_faults(record: EventRecord, classes: Mapping[str, int]) -> Iterator[str]:
    event = f"event '{record.event_id}'"
    for label in sorted(classes.keys() ^ record.labels.keys()):
        yield (
            f"{event} has no label '{label}'"
            if label in classes
            else f"{event} has an unknown label '{label}'"
        )
    for label in sorted(classes.keys() & record.labels.keys()):
        for number in record.labels[label]:
            if not MISSING <= number < classes[label]:
                yield (
                    f"label '{label}' of {event} has the number {number}, "
                    f"its classes are 0 to {classes[label] - 1}"
                )
    lengths = {len(numbers) for numbers in record.labels.values()}
    if len(lengths) > 1 or 0 in lengths:
        yield f"the labels of {event} have {' and '.join(map(str, sorted(lengths)))} observations"


def _photo_fault(jpeg: bytes, size: tuple[int, int]) -> str | None:
    """Return what is wrong with a stored photo, or None.

    It is decoded at the smallest scale, at which the decoder still reads a JPEG to its end.
    """
    header = read_header(jpeg)
    if header is None:
        return "is not a JPEG"
    if not header.is_baseline_420:
        return "is not a baseline 4:2:0 JPEG"
    if (header.height, header.width) != size:
        return f"has {header.height} × {header.width} pixels, the record says {size[0]} × {size[1]}"
    try:
        if header.has_exif and not oriented_size(jpeg)[2]:
            return "is not upright"
        decode(jpeg, MIN_DECODE_SIZE)
    except ImageError as error:
        return f"can't be decoded: {error}"
    return None
