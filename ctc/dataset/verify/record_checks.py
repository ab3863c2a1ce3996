"""Whether a record is what a dataset promises: checksums, labels, and photos that decode to their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.dataset.verify.event_index import hash_of
from ctc.dataset.verify.record_scan import Places
from ctc.errors import ImageError, InputError
from ctc.images import decode, upright_size
from ctc.images.jpeg_header import read_header
from ctc.storage.tfrecord import unframe

SMALLEST = (1, 1)


@dataclass
class Contents:
    """What some records of a shard hold. `faults`: (offset, what is wrong). `unread`: records that could not be read at all.
    `counts`: observations per (label, class number). `ids`: (64-bit hash of the event's id, offset)."""

    records: int = 0
    unread: int = 0
    images: int = 0
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    ids: list[tuple[int, int]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Contents) -> None:
        """Count what `other` holds as well; its faults stay where they are."""
        self.records += other.records
        self.unread += other.unread
        self.images += other.images
        self.counts += other.counts
        self.ids += other.ids


def check_records(shard: Path, places: Places, classes: Mapping[str, int]) -> Contents:
    """Read the records at these places; `classes`: how many each label has."""
    contents = Contents(records=len(places))
    with shard.open("rb") as handle:
        for offset, size in places:
            handle.seek(offset)
            try:
                record = EventRecord.decode(unframe(handle.read(size)))
            except (InputError, OSError) as error:
                contents.unread += 1
                contents.faults.append((offset, str(error)))
            else:
                _count(record, offset, contents)
                contents.faults += ((offset, fault) for fault in _faults(record, classes))
    return contents


def _count(record: EventRecord, offset: int, contents: Contents) -> None:
    contents.images += len(record.jpegs)
    contents.ids.append((hash_of(record.event_id), offset))
    for label, numbers in record.labels.items():
        contents.counts.update((label, number) for number in numbers if number != MISSING)


def _faults(record: EventRecord, classes: Mapping[str, int]) -> Iterator[str]:
    yield from _label_faults(record, classes)
    for what, count in (("'image/height' and 'image/width'", len(record.sizes)), ("'image/paths'", len(record.paths))):
        if count != len(record.jpegs):
            yield f"{what} have {count} entries for {len(record.jpegs)} photos"
    for number, (jpeg, size) in enumerate(zip(record.jpegs, record.sizes, strict=False)):
        fault = _photo_fault(jpeg, size)
        if fault:
            yield f"photo {number} of event '{record.event_id}' {fault}"


def _label_faults(record: EventRecord, classes: Mapping[str, int]) -> Iterator[str]:
    event = f"event '{record.event_id}'"
    for label in sorted(classes.keys() ^ record.labels.keys()):
        yield f"{event} has no label '{label}'" if label in classes else f"{event} has an unknown label '{label}'"
    for label in sorted(classes.keys() & record.labels.keys()):
        for number in record.labels[label]:
            if not MISSING <= number < classes[label]:
                yield f"label '{label}' of {event} has the number {number}, its classes are 0 to {classes[label] - 1}"
    lengths = {len(numbers) for numbers in record.labels.values()}
    if len(lengths) > 1 or 0 in lengths:
        yield f"the labels of {event} have {' and '.join(map(str, sorted(lengths)))} observations"


def _photo_fault(jpeg: bytes, size: tuple[int, int]) -> str | None:
    """Even at the smallest scale the decoder reads a JPEG to its end."""
    header = read_header(jpeg)
    if header is None:
        return "is no JPEG"
    if not header.plain:
        return "is not a baseline 4:2:0 JPEG"
    if (header.height, header.width) != size:
        return f"has {header.height} × {header.width} pixels, the record says {size[0]} × {size[1]}"
    try:
        if header.has_exif and not upright_size(jpeg)[2]:
            return "is not upright"
        decode(jpeg, SMALLEST)
    except ImageError as error:
        return f"can't be decoded: {error}"
    return None
