"""Features on the disk: a folder with a file per chunk of records and view.

    <dataset>.features/                             or --cache
      <dataset fingerprint>-<SHA-256 of the network>/
        train-00000000-original.npz                 records 0 to CHUNK_RECORDS − 1 of the split

A file appears when it is complete and never changes, so a killed run loses the chunks that it was
working on, and processes that compute the same chunk write the same file. The `.npz` file holds
`features`, float32 (photos, size), and `records`, JSON as bytes: see `ChunkRecords`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.errors import CtcError, reason
from ctc.features.probe.config import ViewName
from ctc.storage.atomic import atomic_write
from ctc.storage.cache import features_folder

CHUNK_RECORDS = 256
FORMAT_VERSION = 1
_KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class CachedRecord:
    """One event as far as its photos could be used.

    `photos`: number of its rows in the features. `labels`: per label one class number per
    observation, −1 = missing. `meta`: further columns of the inventory.
    """

    event_id: str
    photos: int
    labels: Mapping[str, tuple[int, ...]]
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class ChunkRecords:
    """The records of a chunk, and where records or photos could not be used, and why."""

    records: tuple[CachedRecord, ...]
    failures: tuple[str, ...]

    @property
    def photos(self) -> int:
        """The number of photos, which is that of the rows of features."""
        return sum(record.photos for record in self.records)

    def to_bytes(self) -> bytes:
        """Return the JSON."""
        rows = [[one.event_id, one.photos, one.labels, dict(one.meta)] for one in self.records]
        values = {"format_version": FORMAT_VERSION, "records": rows, "failures": self.failures}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ChunkRecords:
        """Parse what `to_bytes` returned; raises KeyError, TypeError or ValueError for others."""
        values = json.loads(data)
        if values["format_version"] != FORMAT_VERSION:
            raise ValueError("another version")
        records = tuple(
            CachedRecord(
                str(event_id),
                int(photos),
                {label: tuple(map(int, numbers)) for label, numbers in labels.items()},
                dict(meta),
            )
            for event_id, photos, labels, meta in values["records"]
        )
        return cls(records, tuple(map(str, values["failures"])))


@dataclass(frozen=True)
class Chunk:
    """The features of some consecutive records: float32 (photos, size)."""

    records: ChunkRecords
    features: NDArray[np.float32]


@dataclass(frozen=True)
class FeatureCache:
    """The features that one network gives for one dataset, in `folder`; `size` numbers each."""

    folder: Path
    size: int

    @classmethod
    def open(
        cls, dataset: Dataset, sha256: str, size: int, parent: Path | None = None
    ) -> FeatureCache:
        """Return the cache below `parent`, by default beside the dataset.

        `sha256`: of the network's file. The cache of a dataset that was downloaded is in the cache
        folder of ctc.
        """
        folder = parent or (
            features_folder()
            if dataset.source
            else dataset.folder.with_name(f"{dataset.folder.resolve().name}.features")
        )
        key = f"{dataset.fingerprint()[:_KEY_LENGTH]}-{sha256[:_KEY_LENGTH]}"
        return cls(folder / key, size)

    def read(self, split: str, start: int, view: ViewName) -> Chunk | None:
        """Return the chunk whose first record is `start`; None if it is missing or damaged."""
        try:
            with (
                self._path(split, start, view).open("rb") as data,
                np.load(data, allow_pickle=False) as file,
            ):
                records = ChunkRecords.from_bytes(file["records"].tobytes())
                features = np.asarray(file["features"], np.float32)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None
        return Chunk(records, features) if features.shape == (records.photos, self.size) else None

    def write(self, split: str, start: int, view: ViewName, chunk: Chunk) -> None:
        """Write a chunk; raises CtcError if that is not possible."""
        path = self._path(split, start, view)
        records = np.frombuffer(chunk.records.to_bytes(), np.uint8)
        try:
            with atomic_write(path) as partial, partial.open("wb") as file:
                np.savez(file, features=chunk.features, records=records)
        except OSError as error:
            raise CtcError(
                f"the features can't be kept in '{self.folder.parent}': {reason(error)}; "
                "choose another --cache"
            ) from None

    def _path(self, split: str, start: int, view: ViewName) -> Path:
        return self.folder / f"{split}-{start:08d}-{view}.npz"
