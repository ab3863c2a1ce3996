"""The whole dataset on paper, before a photo is read: splits, shards, classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.dataset.config import DatasetConfig
from ctc.dataset.encode import EventPlan
from ctc.dataset.select import Ints, Selection


@dataclass(frozen=True)
class ShardPlan:
    """One file to write: its events by number."""

    split: str
    file: str
    events: Ints

    @property
    def index(self) -> str:
        return self.file.removesuffix(".tfrecord") + ".idx"


@dataclass(frozen=True)
class Plan:
    """What will be written, decided by the inventory and the configuration alone."""

    inventory: Inventory
    config: DatasetConfig
    selection: Selection

    @cached_property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Per label the classes that the selected events have, numbers in numerical order, then names."""
        import numpy as np
        import pyarrow.compute as pc

        selection = self.selection
        used = np.zeros(len(selection.starts) - 1, dtype=bool)
        used[np.concatenate(list(selection.splits.values()))] = True
        rows = selection.rows[np.repeat(used, np.diff(selection.starts))]
        chosen = self.inventory.table.select(self.inventory.labels).take(rows)
        return {
            label: tuple(sorted((v for v in pc.unique(chosen[label]).to_pylist() if v is not None), key=_natural))
            for label in self.inventory.labels
        }

    def shards(self) -> Iterator[ShardPlan]:
        """Every file, split by split."""
        size = self.config.events_per_shard
        for split, events in self.selection.splits.items():
            count = -(-len(events) // size)
            for i in range(count):
                file = f"{split}-{i:05d}-of-{count:05d}.tfrecord"
                yield ShardPlan(split, file, events[i * size : (i + 1) * size])

    def events(self, shard: ShardPlan) -> Iterator[EventPlan]:
        """The events of a shard, in order; rows are taken from the table shard by shard."""
        import numpy as np

        rows = [self.selection.rows_of(int(event)) for event in shard.events]
        table = self.inventory.table.take(np.concatenate(rows)).to_pydict()
        numbers = {label: {name: i for i, name in enumerate(names)} for label, names in self.classes.items()}
        start = 0
        for length in map(len, rows):
            span = range(start, start + length)
            yield EventPlan(
                event_id=table[EVENT_ID][start],
                images=tuple(next((table[IMAGES][i] for i in span if table[IMAGES][i]), ())),
                labels={
                    label: tuple(number.get(table[label][i], MISSING) for i in span)
                    for label, number in numbers.items()
                },
                meta={name: table[name][start] for name in self.inventory.meta},
            )
            start += length

    def fingerprint(self) -> str:
        """The same for the same result: a hash over inventory, configuration and order."""
        digest = hashlib.sha256(json.dumps([self.config.outcome(), self.classes], sort_keys=True).encode())
        for shard in self.shards():
            digest.update(shard.file.encode())
            for event in self.events(shard):
                digest.update(repr((event.event_id, event.images, event.labels)).encode())
        return digest.hexdigest()


def _natural(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() and len(name) < 19 else (1, 0, name)


def shrink_rule(config: DatasetConfig) -> dict[str, Any]:
    """How photos were made smaller, for the manifest."""
    return {"smallest_side": config.smallest_side, "quality": config.quality, "subsampling": "4:2:0"}
