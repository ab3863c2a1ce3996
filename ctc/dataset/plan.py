"""The plan of a dataset, made before any photo is read: splits, shards, classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ctc.artifacts.arrow_columns import Ints, combine_chunks, factorize
from ctc.artifacts.boxes import BOX_COLUMNS, boxes_from_columns
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.dataset.config import DatasetConfig
from ctc.dataset.crops import SOURCE_EVENT, crops_of
from ctc.dataset.encode import EventPlan
from ctc.dataset.splitting.select import Selection, select_events
from ctc.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

ColumnValues = dict[str, list[Any]]


@dataclass(frozen=True)
class ShardPlan:
    """One TFRecord file to write; `events` are the numbers of its events."""

    split: str
    file: str
    events: Ints


@dataclass(frozen=True)
class DatasetPlan:
    """What will be written, determined by the inventory and the configuration alone."""

    inventory: Inventory
    config: DatasetConfig
    selection: Selection

    @classmethod
    def make(cls, inventory: Inventory, config: DatasetConfig) -> DatasetPlan:
        """Select and split the events.

        Raises CtcError for everything that can be found wrong before a photo is read.
        """
        if config.crops == "all":
            inventory = crops_of(inventory, config.without_box or "leave-out")
            if not config.split_by and not config.group_by:
                config = replace(config, group_by=SOURCE_EVENT)
        if config.crop_box is not None and not set(BOX_COLUMNS) <= set(inventory.meta):
            raise UsageError(
                "--crop-box needs an inventory with boxes: "
                "add them with `ctc inventory megadetector`"
            )
        return cls(inventory, config, select_events(inventory, config))

    @property
    def image_root(self) -> Path:
        """Folder that relative paths start from."""
        return self.config.image_root or self.inventory.image_root

    @cached_property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Per label the classes of the selected events: numbers in numerical order, then names."""
        rows = self.selection.events.rows_of(
            np.unique(np.concatenate(list(self.selection.splits.values())))
        )

        def used(label: str) -> Iterator[str]:
            values, codes = factorize(self.inventory.table[label])
            return (values[int(code)].as_py() for code in np.unique(codes[rows]) if code >= 0)

        return {
            label: tuple(sorted(used(label), key=_natural_sort_key))
            for label in self.inventory.labels
        }

    @cached_property
    def _table(self) -> pa.Table:
        """The inventory's table with one chunk per column.

        Arrow would combine the chunks for every shard otherwise.
        """
        import pyarrow as pa

        table = self.inventory.table
        return pa.table({name: combine_chunks(table[name]) for name in table.column_names})

    def shards(self) -> Iterator[ShardPlan]:
        """Yield every shard, split by split."""
        size = self.config.events_per_shard
        for split, events in self.selection.splits.items():
            count = -(-len(events) // size)
            for i in range(count):
                file = f"{split}-{i:05d}-of-{count:05d}.tfrecord"
                yield ShardPlan(split, file, events[i * size : (i + 1) * size])

    def events(self, numbers: Ints) -> Iterator[EventPlan]:
        """Yield these events, in this order; their rows are taken from the table at once."""
        events = self.selection.events
        boxes = () if self.config.crop_box is None else BOX_COLUMNS
        rows: ColumnValues = (
            self._table.drop_columns([IMAGES]).take(events.rows_of(numbers)).to_pydict()
        )
        photos: ColumnValues = (
            self._table.select([IMAGES, *boxes]).take(events.photo_rows[numbers]).to_pydict()
        )
        classes = {
            label: {name: i for i, name in enumerate(names)}
            for label, names in self.classes.items()
        }
        start = 0
        for position, length in enumerate(events.observation_counts[numbers].tolist()):
            span = range(start, start + length)
            images = tuple(photos[IMAGES][position] or ())
            yield EventPlan(
                event_id=rows[EVENT_ID][start],
                images=images,
                boxes=boxes_from_columns([photos[name][position] for name in boxes], len(images)),
                labels={
                    label: tuple(class_numbers.get(rows[label][i], MISSING) for i in span)
                    for label, class_numbers in classes.items()
                },
                meta={name: rows[name][start] for name in self.inventory.meta},
            )
            start += length

    def fingerprint(self) -> str:
        """Return a hash of inventory, configuration and order, equal for equal results."""
        import pyarrow as pa

        digest = hashlib.sha256(
            json.dumps(self.config.fingerprint_fields(), sort_keys=True).encode()
        )
        with pa.ipc.new_stream(
            pa.PythonFile(_HashWriter(digest), "w"), self.inventory.table.schema
        ) as stream:
            stream.write_table(self.inventory.table)
        for split, events in self.selection.splits.items():
            digest.update(split.encode())
            digest.update(events.tobytes())
        return digest.hexdigest()

    def storage_metadata(self) -> dict[str, Any]:
        """Return how photos are stored, for the manifest."""
        return {**asdict(self.config.storage_format), "subsampling": "4:2:0"}


class _HashWriter:
    """A file that only updates a hash with what is written to it."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def _natural_sort_key(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() and len(name) < 19 else (1, 0, name)
