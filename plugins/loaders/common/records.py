"""Records of a split, read in place from memory-mapped shards."""

from __future__ import annotations

import mmap
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError, reason
from ctc.images.eval_samples import record_table
from ctc.storage.tfrecord import FOOTER_BYTES, HEADER_BYTES, unframe

from .example_parser import bytes_span, find_features, int_spans, int_values
from .order import INTERLEAVED_SHARDS, Indices

_MAX_OPEN_SHARDS = 16 * INTERLEAVED_SHARDS


class RecordContent(NamedTuple):
    """JPEGs of a record, in place, the class numbers of its observations per label, and its id."""

    jpegs: list[memoryview]
    labels: list[list[int]]
    event_id: str


class Records:
    """Records of a split, numbered in file order.

    The checksums of a record are verified when it is first read.
    """

    def __init__(self, dataset: Dataset, split: str, labels: tuple[str, ...]) -> None:
        self._paths = [dataset.folder / shard.file for shard in dataset.shards(split)]
        self._table = record_table(dataset, split)
        if len(self._table) != dataset.event_count(split):
            raise InputError(
                f"the indexes of the split '{split}' of '{dataset.display_path}' list "
                f"{len(self._table)} records of {dataset.event_count(split)}: "
                "build the dataset again"
            )
        self._features = (
            b"image/encoded",
            b"event/id",
            b"image/sizes",
            *(f"label/{label}".encode() for label in labels),
        )
        self._spans = np.zeros((len(self._table), 2 * len(self._features)), np.int32)
        self._unpacked_values: dict[int, list[list[int]]] = {}
        self._open_shard = lru_cache(_MAX_OPEN_SHARDS)(
            lambda number: _map_file(self._paths[number])
        )

    def __len__(self) -> int:
        return len(self._table)

    @property
    def shard_ids(self) -> Indices:
        """Shard number of each record, (records,)."""
        return self._table[:, 0]

    def read(self, row: int) -> RecordContent:
        """Read a record.

        Raises InputError, naming shard and offset, when it is damaged or lacks a feature.
        """
        shard, start, size = self._locate(row)
        data = memoryview(shard)[start + HEADER_BYTES : start + size - FOOTER_BYTES]
        spans = self._spans[row].tolist()
        try:
            if not spans[1]:
                unframe(shard[start : start + size])
                self._spans[row] = spans = self._find_spans(row, data)
            return self._extract(row, data, spans)
        except InputError as error:
            raise InputError(f"{self.describe_row(row)}: {error}") from None

    def read_labels(self, row: int) -> list[list[int]]:
        """Return the class numbers of a record without verifying its checksums.

        A damaged record may give any number. Raises InputError for one that can't be parsed.
        """
        shard, start, size = self._locate(row)
        data = memoryview(shard)[start + HEADER_BYTES : start + size - FOOTER_BYTES]
        return self._int_features(row, data, self._find_spans(row, data)[4:])[1:]

    def describe_row(self, row: int) -> str:
        """Return shard and offset of a record, for messages."""
        number, offset, _ = self._table[row]
        return f"'{self._paths[number]}' at offset {offset}"

    def prefetch_hint(self, rows: Indices) -> None:
        """Ask the operating system to read records from the disk, without waiting for them."""
        if not hasattr(mmap, "MADV_WILLNEED"):
            return
        for number, start, size in self._table[rows].tolist():
            begin = start - start % mmap.PAGESIZE
            self._open_shard(number).madvise(mmap.MADV_WILLNEED, begin, start + size - begin)

    def close(self) -> None:
        """Release the files; their memory is unmapped when the last JPEG of them is released."""
        self._open_shard.cache_clear()

    def _locate(self, row: int) -> tuple[mmap.mmap, int, int]:
        number, start, size = self._table[row].tolist()
        return self._open_shard(number), start, size

    def _find_spans(self, row: int, data: memoryview) -> list[int]:
        """Return start and end of the JPEGs, the event's id and the values of each other feature.

        Values that are not packed in one span are parsed and cached.
        """
        found = find_features(data, self._features)
        for name in self._features:
            if name not in found:
                raise InputError(f"the record has no feature '{name.decode()}'")
        pieces = [int_spans(data, found[name]) for name in self._features[2:]]
        if any(len(spans) != 1 for spans in pieces):
            self._unpacked_values[row] = [
                [value for span in spans for value in int_values(data, *span)] for spans in pieces
            ]
        spans = [
            *(bytes_span(data, found[name]) for name in self._features[:2]),
            *((values or [(0, 0)])[0] for values in pieces),
        ]
        return [at for span in spans for at in span]

    def _extract(self, row: int, data: memoryview, spans: list[int]) -> RecordContent:
        at, end, id_at, id_end, *others = spans
        sizes, *labels = self._int_features(row, data, others)
        if not sizes or min(sizes) < 0 or sum(sizes) != end - at:
            raise InputError(
                f"'image/sizes' add up to {sum(sizes)}, 'image/encoded' has {end - at} bytes"
            )
        if not all(labels):
            raise InputError(
                f"the record has no value for '{self._features[3 + labels.index([])].decode()}'"
            )
        jpegs = []
        for size in sizes:
            jpegs.append(data[at : at + size])
            at += size
        return RecordContent(jpegs, labels, str(data[id_at:id_end], "utf-8"))

    def _int_features(self, row: int, data: memoryview, spans: list[int]) -> list[list[int]]:
        return self._unpacked_values.get(row) or [
            int_values(data, *span) for span in zip(spans[::2], spans[1::2], strict=True)
        ]


def _map_file(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as handle:
            return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{path}' can't be read ({reason(error)}): copy or build the dataset again"
        ) from None
