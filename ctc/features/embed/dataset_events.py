"""The events of a dataset's records, whose photos are read from its shards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from ctc.artifacts.dataset import MANIFEST, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import InputError
from ctc.images import is_image_name
from ctc.images.eval_samples import read_events, record_table
from ctc.inference.events.event import Event, MetaScalar
from ctc.inference.events.table import CSV_SUFFIXES, INVENTORY_SUFFIXES
from ctc.storage.paths import is_http

_TABLES = (*CSV_SUFFIXES, *INVENTORY_SUFFIXES)
SPLIT = "split"
"""The meta column with the split of an event."""
_RECORDS_FOR_COLUMNS = 100
"""Records whose meta columns are looked at: an inventory gives all records the same."""


@dataclass(frozen=True)
class DatasetEvents:
    """An `EventSource`: the events of all splits, in the order of the shards.

    An event whose record is repeated, for balanced classes, is yielded once. Its photos are those
    of the record, made smaller by `ctc dataset`.
    """

    dataset: Dataset

    @classmethod
    def open(cls, folder: Path) -> DatasetEvents:
        """Open a dataset folder, or download it; raises CtcError."""
        return cls(open_dataset(folder))

    @cached_property
    def photos(self) -> int:
        """The number of photos of all records."""
        shards = self.dataset.manifest.splits.values()
        return sum(shard.images for split in shards for shard in split)

    @cached_property
    def meta_columns(self) -> tuple[str, ...]:
        """`split`, and the meta columns of the records."""
        records = islice(self._records(), _RECORDS_FOR_COLUMNS)
        names = dict.fromkeys(name for _, record in records for name in record.meta)
        return (SPLIT, *(name for name in names if name != SPLIT))

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing: `ctc dataset` said it."""
        return ()

    def ids(self) -> Iterator[str]:
        """See `EventSource`."""
        return (record.event_id for _, record in self._records())

    def __iter__(self) -> Iterator[Event]:
        """Yield the events, with their photos in memory; raises InputError for a bad record."""
        for split, record in self._records():
            meta = {name: _to_scalar(record.meta.get(name)) for name in self.meta_columns[1:]}
            yield Event(record.event_id, record.paths, {SPLIT: split, **meta}, (), record.jpegs)

    def update_digest(self, digest: blake2b) -> None:
        """Add the checksums of the shards."""
        digest.update(f"dataset\0{self.dataset.fingerprint()}\0".encode())

    def _records(self) -> Iterator[tuple[str, EventRecord]]:
        """Yield each event once, with its split."""
        seen: set[bytes] = set()
        for split in self.dataset.manifest.splits:
            table = record_table(self.dataset, split)
            for where, record in read_events(self.dataset, split, table):
                key = blake2b(record.event_id.encode(), digest_size=16).digest()
                if key in seen:
                    continue
                if len(record.paths) != len(record.jpegs):
                    raise InputError(f"{where}: the record has not one path per photo")
                seen.add(key)
                yield split, record


def is_dataset(source: Path) -> bool:
    """Return whether a source is a dataset folder, local or remote."""
    name = source.name
    is_file = is_http(source) or is_image_name(name) or name.lower().endswith(_TABLES)
    return not is_file and (source / MANIFEST).is_file()


def _to_scalar(value: Any) -> MetaScalar:
    plain = value is None or isinstance(value, str | int | float)
    return value if plain else str(value)
