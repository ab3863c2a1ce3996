"""Check a shard and its index against dataset.json, and find its damaged records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ctc.artifacts.dataset import MANIFEST, Shard
from ctc.dataset.verify.record_checks import RecordStats, check_records
from ctc.dataset.verify.record_scan import RecordSpans, ScanResult, index_fault, scan_records
from ctc.errors import InputError, reason
from ctc.storage.tfrecord import read_index

ProgressCallback = Callable[[int, int], None]
"""Called with the number of further records, and of damaged ones among them."""
CHUNK_SIZE = 32


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file of the dataset, or with the record at `offset` in it."""

    file: str
    offset: int | None
    fault: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.fault}"
            if self.offset is None
            else f"{self.file} at offset {self.offset}: {self.fault}"
        )


@dataclass(frozen=True)
class ShardCheck:
    """A shard to check.

    `classes`: number of classes per label. `stats`: filled while `faults` runs.
    """

    folder: Path
    shard: Shard
    classes: Mapping[str, int]
    stats: RecordStats

    def faults(self, pool: Executor, advance: ProgressCallback) -> Iterator[Fault]:
        """Yield everything that is wrong, in the order of the records."""
        path = self.folder / self.shard.file
        if not path.is_file():
            self.stats.unreadable += 1
            yield self._make_fault("is missing")
            return
        try:
            yield from self._file_faults(path, pool, advance)
        except OSError as error:
            self.stats.unreadable += 1
            yield self._make_fault(f"can't be read: {reason(error)}")

    def _file_faults(
        self, path: Path, pool: Executor, advance: ProgressCallback
    ) -> Iterator[Fault]:
        digest = pool.submit(_sha256, path)
        size = path.stat().st_size
        if size != self.shard.bytes:
            yield self._make_fault(f"has {size:,} bytes, {MANIFEST} says {self.shard.bytes:,}")
        index, fault = _read_index(self.folder / self.shard.index_file)
        with path.open("rb") as handle:
            found = scan_records(handle, size, index or ())
        if fault is None and index is not None:
            fault = index_fault(index, found)
        if fault is not None:
            yield Fault(self.shard.index_file, None, fault)
        yield from self._record_faults(path, found, pool, advance)
        if digest.result() != self.shard.sha256:
            yield self._make_fault(f"its sha256 is not the one in {MANIFEST}")
        if not self.stats.unreadable:
            yield from self._count_faults()

    def _record_faults(
        self, path: Path, scan: ScanResult, pool: Executor, advance: ProgressCallback
    ) -> Iterator[Fault]:
        parts = (
            scan.spans[start : start + CHUNK_SIZE]
            for start in range(0, len(scan.spans), CHUNK_SIZE)
        )
        for part in pool.map(partial(check_records, path, classes=self.classes), parts):
            self.stats.merge(part)
            advance(part.records, len({offset for offset, _ in part.faults}))
            yield from (self._make_fault(fault, offset) for offset, fault in part.faults)
        if scan.has_unreadable_tail:
            offset = scan.spans[-1][0]
            yield self._make_fault("no record after this one can be found", offset)

    def _count_faults(self) -> Iterator[Fault]:
        stats, shard = self.stats, self.shard
        for what, found, expected in (
            ("events", stats.records, shard.events),
            ("photos", stats.images, shard.images),
        ):
            if found != expected:
                yield self._make_fault(f"holds {found:,} {what}, {MANIFEST} says {expected:,}")

    def _make_fault(self, fault: str, offset: int | None = None) -> Fault:
        return Fault(self.shard.file, offset, fault)


def _read_index(path: Path) -> tuple[RecordSpans | None, str | None]:
    """Return the index, or None and what is wrong with it."""
    if not path.is_file():
        return None, "is missing; the records were found without it"
    try:
        return read_index(path), None
    except InputError:
        return None, "is not an index of 'offset size' lines; the records were found without it"


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
