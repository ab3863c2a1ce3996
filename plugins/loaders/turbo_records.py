"""The records of a split, read in place from memory-mapped shards."""

from __future__ import annotations

import mmap
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.tfrecord import FOOTER_BYTES, HEADER_BYTES, unframe
from ctc.errors import InputError
from ctc.images.reference import record_table

from .order import SHARDS_AT_ONCE, Numbers
from .turbo_example import bytes_span, find_features, int_values

_OPEN_SHARDS = 4 * SHARDS_AT_ONCE


class Event(NamedTuple):
    """What a loader needs of a record: its JPEGs, in place, and for each label wanted the class number of each observation."""

    jpegs: list[memoryview]
    labels: list[list[int]]


class Records:
    """The records of a split, numbered in the order of the files. Each is checked against its checksums when it is first read."""

    def __init__(self, dataset: Dataset, split: str, labels: tuple[str, ...]) -> None:
        self._paths = [dataset.folder / shard.file for shard in dataset.shards(split)]
        self._table = record_table(dataset, split)
        if len(self._table) != dataset.events(split):
            raise InputError(
                f"the indexes of the split '{split}' of '{dataset.folder}' list {len(self._table)} records of "
                f"{dataset.events(split)}: build the dataset again"
            )
        self._features = (b"image/encoded", b"image/sizes", *(f"label/{label}".encode() for label in labels))
        self._spans = np.zeros((len(self._table), 2 * len(self._features)), np.int32)
        self._shard = lru_cache(_OPEN_SHARDS)(_mapped)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def shard_of(self) -> Numbers:
        """(records,): the number of the shard that each lies in."""
        return self._table[:, 0]

    def event(self, row: int) -> Event:
        """Raises InputError, naming shard and offset, when the record is damaged or lacks a feature."""
        try:
            return self._event(row)
        except InputError as error:
            raise InputError(f"{self.where(row)}: {error}") from None

    def where(self, row: int) -> str:
        """Shard and offset, for messages."""
        number, offset, _ = self._table[row]
        return f"'{self._paths[number]}' at offset {offset}"

    def announce(self, row: int) -> None:
        """Let the system fetch the record from the disk, without waiting for it."""
        shard, start, size = self._place(row)
        if hasattr(shard, "madvise"):
            begin = start - start % mmap.PAGESIZE
            shard.madvise(mmap.MADV_WILLNEED, begin, start + size - begin)

    def close(self) -> None:
        """Let go of the files; the memory is unmapped when the last JPEG of it is gone."""
        self._shard.cache_clear()

    def _event(self, row: int) -> Event:
        data, spans = self._data(row)
        encoded = data[spans[0] : spans[1]]
        jpegs = _cut(encoded, int_values(data, (spans[2], spans[3])))
        labels = [int_values(data, span) for span in zip(spans[4::2], spans[5::2], strict=True)]
        if not all(labels):
            raise InputError(f"the record has no value for '{self._features[2 + labels.index([])].decode()}'")
        return Event(jpegs, labels)

    def _place(self, row: int) -> tuple[mmap.mmap, int, int]:
        number, start, size = self._table[row].tolist()
        return self._shard(self._paths[number]), start, size

    def _data(self, row: int) -> tuple[memoryview, list[int]]:
        """The record, and start and end of the JPEGs and of each further feature in it, looked for only once."""
        shard, start, size = self._place(row)
        record = memoryview(shard)[start : start + size]
        data = record[HEADER_BYTES:-FOOTER_BYTES]
        if not self._spans[row, 1]:
            unframe(bytes(record))
            self._spans[row] = self._find(data)
        return data, self._spans[row].tolist()

    def _find(self, data: memoryview) -> list[int]:
        found = find_features(data, self._features)
        for name in self._features:
            if name not in found:
                raise InputError(f"the record has no feature '{name.decode()}'")
        spans = [bytes_span(data, found[b"image/encoded"]), *(found[name] for name in self._features[1:])]
        return [at for span in spans for at in span]


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as handle:
            return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' can't be read ({error}): copy or build the dataset again") from None


def _cut(encoded: memoryview, sizes: list[int]) -> list[memoryview]:
    ends = list(accumulate(sizes))
    if not ends or ends[-1] != len(encoded) or min(sizes) < 0:
        raise InputError(f"'image/sizes' add up to {ends[-1] if ends else 0}, 'image/encoded' has {len(encoded)} bytes")
    return [encoded[end - size : end] for size, end in zip(sizes, ends, strict=True)]
