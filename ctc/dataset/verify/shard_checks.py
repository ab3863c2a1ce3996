"""Whether a shard and its index are what dataset.json says, and which of its records are damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ctc.artifacts.dataset import MANIFEST, Shard
from ctc.dataset.verify.record_checks import Contents, check_records
from ctc.dataset.verify.record_scan import Found, Places, find_records, index_fault
from ctc.errors import InputError
from ctc.storage.tfrecord import read_index

Advance = Callable[[int, int], None]
AT_A_TIME = 32


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file of the dataset; `offset`: of the record in it."""

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
    """A shard to check. `classes`: how many each label has. `contents`: what was found, filled while `faults` runs."""

    folder: Path
    shard: Shard
    classes: Mapping[str, int]
    contents: Contents

    def faults(self, pool: Executor, advance: Advance) -> Iterator[Fault]:
        """Everything that is wrong, records in order; `advance` hears of the records checked."""
        path = self.folder / self.shard.file
        if not path.is_file():
            self.contents.unread += 1
            yield self._fault("is missing")
            return
        try:
            yield from self._file_faults(path, pool, advance)
        except OSError as error:
            self.contents.unread += 1
            yield self._fault(f"can't be read: {(error.strerror or str(error)).lower()}")

    def _file_faults(self, path: Path, pool: Executor, advance: Advance) -> Iterator[Fault]:
        digest = pool.submit(_sha256, path)
        size = path.stat().st_size
        if size != self.shard.bytes:
            yield self._fault(f"has {size:,} bytes, {MANIFEST} says {self.shard.bytes:,}")
        index, fault = _read_index(self.folder / self.shard.index)
        with path.open("rb") as handle:
            found = find_records(handle, size, index or ())
        if fault is None and index is not None:
            fault = index_fault(index, found)
        if fault is not None:
            yield Fault(self.shard.index, None, fault)
        yield from self._record_faults(path, found, pool, advance)
        if digest.result() != self.shard.sha256:
            yield self._fault(f"its sha256 is not the one in {MANIFEST}")
        if not self.contents.unread:
            yield from self._count_faults()

    def _record_faults(self, path: Path, found: Found, pool: Executor, advance: Advance) -> Iterator[Fault]:
        parts = (found.places[start : start + AT_A_TIME] for start in range(0, len(found.places), AT_A_TIME))
        for part in pool.map(partial(check_records, path, classes=self.classes), parts):
            self.contents.add(part)
            advance(part.records, len({offset for offset, _ in part.faults}))
            yield from (self._fault(fault, offset) for offset, fault in part.faults)
        if found.lost:
            yield self._fault("nothing behind this record can be found", found.places[-1][0])

    def _count_faults(self) -> Iterator[Fault]:
        contents, shard = self.contents, self.shard
        for what, held, said in (("events", contents.records, shard.events), ("photos", contents.images, shard.images)):
            if held != said:
                yield self._fault(f"holds {held:,} {what}, {MANIFEST} says {said:,}")

    def _fault(self, fault: str, offset: int | None = None) -> Fault:
        return Fault(self.shard.file, offset, fault)


def _read_index(path: Path) -> tuple[Places | None, str | None]:
    """The index, or None and what is wrong with it."""
    if not path.is_file():
        return None, "is missing; the records were found without it"
    try:
        return read_index(path), None
    except InputError:
        return None, "is not an index of 'offset size' lines; the records were found without it"


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
