"""The plan becomes shards: threads read and encode, one writer per shard, a shard appears only when it is whole.

Beside a finished shard lies its note (`.<shard>.json`: what the manifest needs), so that an interrupted build goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ctc.artifacts.dataset import Shard
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import NO_SUMS, ChannelSums, Encoded, EventPlan, ShrinkRule, encode_event
from ctc.dataset.plan import Plan, ShardPlan
from ctc.errors import CtcError
from ctc.storage.atomic import whole_file, write_text
from ctc.storage.remote_files import readers_for
from ctc.storage.tfrecord import frame

Advance = Callable[[int, int], None]
Watch = Callable[[list[Failure], int], None]
Result = TypeVar("Result")


class TooManyFailuresError(CtcError):
    """More photos than `max_failures` could not be used."""


@dataclass
class ShardNote:
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
    def from_json(cls, data: dict[str, Any]) -> ShardNote:
        pixels, total, squares = data["sums"]
        return cls(
            data["split"],
            Shard(**data["shard"]),
            data["counts"],
            ChannelSums(pixels, np.array(total), np.array(squares)),
            [Failure(**failure) for failure in data["failures"]],
            data["events_lost"],
        )


def note_path(folder: Path, file: str) -> Path:
    return folder / f".{file}.json"


@dataclass(frozen=True)
class Recipe:
    """How shards are made, wherever they are: what of the plan their writer needs, which is small. `classes`: how many each label has."""

    folder: Path
    image_root: Path
    shrink: ShrinkRule
    classes: Mapping[str, int]
    threads: int

    @property
    def readers(self) -> int:
        """Threads that read and encode: more where photos are long on their way."""
        return readers_for(self.image_root, self.threads)

    @classmethod
    def of(cls, plan: Plan, folder: Path) -> Recipe:
        classes = {label: len(names) for label, names in plan.classes.items()}
        return cls(folder, plan.image_root, plan.config.shrink, classes, plan.config.threads)


def write_shard(
    recipe: Recipe,
    shard: ShardPlan,
    events: Iterable[EventPlan],
    pool: ThreadPoolExecutor,
    watch: Watch,
) -> ShardNote:
    """Write the shard of these events, its index and its note; the note last. `watch` is told after each event of all failures in the
    shard so far, and of how many are new; what it raises leaves no shard."""
    folder = recipe.folder
    writer = _Writer(recipe, shard)
    with whole_file(folder / shard.file) as partial:
        with partial.open("wb") as file:
            for encoded, framed in _encoded(recipe, events, pool):
                writer.add(encoded, framed, file.write)
                watch(writer.failures, len(encoded.failures))
        write_text(folder / shard.index, "".join(writer.index))
    note = writer.note()
    write_text(note_path(folder, shard.file), json.dumps(note.to_json(), ensure_ascii=False))
    return note


def check_failures(limit: int | None, failures: list[Failure], failed: int) -> None:
    """Raises TooManyFailuresError when those of a shard, with the `failed` of earlier ones, are more than `limit`."""
    if limit is not None and failed + len(failures) > limit:
        last = failures[-1]
        raise TooManyFailuresError(
            f"{failed + len(failures)} photos could not be used, --max-failures is {limit} (last: '{last.path}': {last.reason}): "
            "mend that and go on with --resume"
        )


def _encoded(recipe: Recipe, events: Iterable[EventPlan], pool: ThreadPoolExecutor) -> Iterator[tuple[Encoded, bytes]]:
    """Events through the pool, in order, only a few ahead of the writer: each with its record as it shall be written."""

    def encode(event: EventPlan) -> tuple[Encoded, bytes]:
        encoded = encode_event(event, recipe.image_root, recipe.shrink)
        return encoded, frame(encoded.record.encode()) if encoded.record else b""

    return in_order(pool, encode, events, ahead=4 * recipe.readers)


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[EventPlan], Result], items: Iterable[EventPlan], ahead: int
) -> Iterator[Result]:
    """`work` of each item, in the items' order, with at most `ahead` of them under way."""
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


class _Writer:
    """Frames records and keeps the shard's books."""

    def __init__(self, recipe: Recipe, shard: ShardPlan) -> None:
        self._shard = shard
        self._counts = {label: [0] * count for label, count in recipe.classes.items()}
        self._sums, self._sha, self._bytes, self._images, self._lost = NO_SUMS, hashlib.sha256(), 0, 0, 0
        self.failures: list[Failure] = []
        self.index: list[str] = []

    def add(self, encoded: Encoded, framed: bytes, write: Callable[[bytes], Any]) -> None:
        self.failures.extend(encoded.failures)
        if encoded.record is None:
            self._lost += 1
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

    def note(self) -> ShardNote:
        shard = Shard(self._shard.file, len(self.index), self._images, self._bytes, self._sha.hexdigest())
        return ShardNote(self._shard.split, shard, self._counts, self._sums, self.failures, self._lost)
