"""The plan becomes shards: threads read and encode, one writer per shard, a shard appears only when
it is whole.

Beside a finished shard lies its note (`.<shard>.json`: what the manifest needs), so that an
interrupted build goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
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
from ctc.errors import CtcError
from ctc.storage.atomic import atomic_write, write_text
from ctc.storage.ordered_map import map_in_order
from ctc.storage.remote_files import io_threads
from ctc.storage.tfrecord import frame

ProgressCallback = Callable[[int, int], None]
EventCallback = Callable[[list[Failure], int], None]


class TooManyFailuresError(CtcError):
    """More photos than `max_failures` could not be used."""


@dataclass
class ShardSummary:
    """What the manifest needs to know of a finished shard. `counts[label][class]`: observations."""

    split: str
    shard: Shard
    counts: dict[str, list[int]]
    sums: ChannelSums
    failures: list[Failure]
    events_lost: int

    def to_json(self) -> dict[str, Any]:
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
    return folder / f".{file}.json"


@dataclass(frozen=True)
class ShardWriterConfig:
    """How shards are made, wherever they are: what of the plan their writer needs, which is small.
    `classes`: how many each label has."""

    folder: Path
    image_root: Path
    storage_format: StorageFormat
    classes: Mapping[str, int]
    threads: int

    @property
    def encode_threads(self) -> int:
        """Threads that read and encode: more where photos are long on their way."""
        return io_threads(self.image_root, self.threads)

    @classmethod
    def from_plan(cls, plan: DatasetPlan, folder: Path) -> ShardWriterConfig:
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
    """Write the shard of these events, its index and its note; the note last. `on_event` is told
    after each event of all failures in the shard so far, and of how many are new; what it raises
    leaves no shard."""
    folder = config.folder
    writer = _ShardWriter(config, shard)
    with atomic_write(folder / shard.file) as partial:
        with partial.open("wb") as file:
            for encoded, framed in _encode_events(config, events, pool):
                writer.add(encoded, framed, file.write)
                on_event(writer.failures, len(encoded.failures))
        write_text(folder / shard.index, "".join(writer.index))
    note = writer.summary()
    write_text(summary_path(folder, shard.file), json.dumps(note.to_json(), ensure_ascii=False))
    return note


def check_failures(limit: int | None, failures: list[Failure], earlier_failures: int) -> None:
    """Raises TooManyFailuresError when those of a shard, with the `earlier_failures` of earlier
    ones, are more than `limit`."""
    if limit is not None and earlier_failures + len(failures) > limit:
        last = failures[-1]
        raise TooManyFailuresError(
            f"{earlier_failures + len(failures)} photos could not be used, --max-failures is {limit} (last: '{last.path}': {last.reason}): "
            "mend that and go on with --resume"
        )


def _encode_events(
    config: ShardWriterConfig, events: Iterable[EventPlan], pool: ThreadPoolExecutor
) -> Iterator[tuple[EncodedEvent, bytes]]:
    """Events through the pool, in order, only a few ahead of the writer: each with its record as it
    shall be written."""

    def encode(event: EventPlan) -> tuple[EncodedEvent, bytes]:
        encoded = encode_event(event, config.image_root, config.storage_format)
        return encoded, frame(encoded.record.encode()) if encoded.record else b""

    return map_in_order(pool, encode, events, max_pending=4 * config.encode_threads)


class _ShardWriter:
    """Frames records and keeps the shard's books."""

    def __init__(self, config: ShardWriterConfig, shard: ShardPlan) -> None:
        self._shard = shard
        self._counts = {label: [0] * count for label, count in config.classes.items()}
        self._sums, self._sha, self._bytes, self._images, self._lost_events = (
            ZERO_SUMS,
            hashlib.sha256(),
            0,
            0,
            0,
        )
        self.failures: list[Failure] = []
        self.index: list[str] = []

    def add(self, encoded: EncodedEvent, framed: bytes, write: Callable[[bytes], Any]) -> None:
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
        self._count(encoded.record)

    def _count(self, record: EventRecord) -> None:
        for label, numbers in record.labels.items():
            for number in numbers:
                if number >= 0:
                    self._counts[label][number] += 1

    def summary(self) -> ShardSummary:
        shard = Shard(
            self._shard.file, len(self.index), self._images, self._bytes, self._sha.hexdigest()
        )
        return ShardSummary(
            self._shard.split, shard, self._counts, self._sums, self.failures, self._lost_events
        )
