"""Write one shard: TFRecord file, index and summary.

Threads read and encode photos, one writer appends the records. Each file appears under its name
only when it is complete. The summary file of a finished shard (`.<shard>.json`) holds what the
manifest needs; an interrupted build continues after the shards that have one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ctc.artifacts.dataset import Shard
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import (
    ZERO_SUMS,
    ChannelSums,
    EncodedEvent,
    EventPlan,
    StorageFormat,
    encode_event,
)
from ctc.dataset.plan import DatasetPlan, ShardPlan
from ctc.images.listing.folder_watch import FolderWatch
from ctc.storage.atomic import atomic_write, write_text
from ctc.storage.ordered_map import map_in_order
from ctc.storage.remote_files import io_threads
from ctc.storage.tfrecord import frame

EventCallback = Callable[[list[Failure], int], None]
"""Called after each event with all failures of the shard so far, and how many of them are new."""


@dataclass
class ShardSummary:
    """What the manifest needs of a finished shard. `counts[label][class]`: observations."""

    split: str
    shard: Shard
    counts: dict[str, list[int]]
    sums: ChannelSums
    failures: list[Failure]
    events_lost: int

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON."""
        return {
            "split": self.split,
            "shard": asdict(self.shard),
            "counts": self.counts,
            "sums": [self.sums.pixels, self.sums.total.tolist(), self.sums.squares.tolist()],
            "failures": [asdict(failure) for failure in self.failures],
            "events_lost": self.events_lost,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ShardSummary:
        """Read what `to_json` returned."""
        pixels, total, squares = data["sums"]
        return cls(
            data["split"],
            Shard(**data["shard"]),
            data["counts"],
            ChannelSums(pixels, np.array(total), np.array(squares)),
            [Failure(**failure) for failure in data["failures"]],
            data["events_lost"],
        )


def summary_path(folder: Path, file: str) -> Path:
    """Return the path of the summary of the shard `file`."""
    return folder / f".{file}.json"


@dataclass(frozen=True)
class ShardWriterConfig:
    """The small part of a plan that a shard's writer needs, in this process or another.

    `classes`: number of classes per label. `watch`: reads the photos of all shards.
    """

    folder: Path
    image_root: Path
    storage_format: StorageFormat
    classes: Mapping[str, int]
    threads: int
    watch: FolderWatch = field(default_factory=FolderWatch, compare=False)

    @property
    def encode_threads(self) -> int:
        """Number of threads that read and encode; more if photos come over a network."""
        return io_threads(self.image_root, self.threads)

    @classmethod
    def from_plan(cls, plan: DatasetPlan, folder: Path) -> ShardWriterConfig:
        """Take what is needed from the plan."""
        classes = {label: len(names) for label, names in plan.classes.items()}
        return cls(
            folder, plan.image_root, plan.config.storage_format, classes, plan.config.threads
        )


def write_shard(
    config: ShardWriterConfig,
    shard: ShardPlan,
    events: Iterable[EventPlan],
    pool: ThreadPoolExecutor,
    on_event: EventCallback,
) -> ShardSummary:
    """Write the shard of these events, its index and its summary, in this order.

    If `on_event` raises, no shard is left.
    """
    folder = config.folder
    writer = _ShardWriter(config, shard)
    with atomic_write(folder / shard.file) as partial:
        with partial.open("wb") as file:
            for encoded, framed in _encode_events(config, events, pool):
                writer.add(encoded, framed, file.write)
                on_event(writer.failures, len(encoded.failures))
        summary = writer.summary()
        write_text(folder / summary.shard.index_file, "".join(writer.index))
    text = json.dumps(summary.to_json(), ensure_ascii=False)
    write_text(summary_path(folder, shard.file), text)
    return summary


def _encode_events(
    config: ShardWriterConfig, events: Iterable[EventPlan], pool: ThreadPoolExecutor
) -> Iterator[tuple[EncodedEvent, bytes]]:
    """Encode events in the pool, a few ahead of the writer; yield each with its framed record."""

    def encode(event: EventPlan) -> tuple[EncodedEvent, bytes]:
        read = config.watch.read
        encoded = encode_event(event, config.image_root, config.storage_format, read)
        return encoded, frame(encoded.record.encode()) if encoded.record else b""

    return map_in_order(pool, encode, events, max_pending=4 * config.encode_threads)


class _ShardWriter:
    """Writes framed records and collects the shard's summary."""

    def __init__(self, config: ShardWriterConfig, shard: ShardPlan) -> None:
        self._shard = shard
        self._counts = {label: [0] * count for label, count in config.classes.items()}
        self._sums = ZERO_SUMS
        self._sha = hashlib.sha256()
        self._bytes = 0
        self._images = 0
        self._lost_events = 0
        self.failures: list[Failure] = []
        self.index: list[str] = []

    def add(self, encoded: EncodedEvent, framed: bytes, write: Callable[[bytes], Any]) -> None:
        """Write the event's record, if it has one, and count it."""
        self.failures.extend(encoded.failures)
        if encoded.record is None:
            self._lost_events += 1
            return
        write(framed)
        self._sha.update(framed)
        self.index.append(f"{self._bytes} {len(framed)}\n")
        self._bytes += len(framed)
        self._images += len(encoded.record.jpegs)
        self._sums += encoded.sums
        self._count_classes(encoded.record)

    def _count_classes(self, record: EventRecord) -> None:
        for label, numbers in record.labels.items():
            for number in numbers:
                if number >= 0:
                    self._counts[label][number] += 1

    def summary(self) -> ShardSummary:
        """Summarize the records so far."""
        shard = Shard(
            self._shard.file, len(self.index), self._images, self._bytes, self._sha.hexdigest()
        )
        return ShardSummary(
            self._shard.split, shard, self._counts, self._sums, self.failures, self._lost_events
        )
