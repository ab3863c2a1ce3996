"""Checks every byte of a dataset, and names the file and the offset of each fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctc.artifacts.dataset import LEFT_OUT, MANIFEST, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.dataset.build import BUILD_STATE
from ctc.dataset.verify.event_index import EventIndex
from ctc.dataset.verify.record_checks import RecordStats
from ctc.dataset.verify.shard_checks import Fault, ProgressCallback, ShardCheck
from ctc.errors import InputError
from ctc.storage.atomic import is_partial
from ctc.storage.json_file import read_object


@dataclass
class VerifyResult:
    """What was read and what is wrong. `complete`: False when it ended at `max_faults` with more to
    check."""

    shards: int = 0
    events: int = 0
    images: int = 0
    faults: tuple[Fault, ...] = ()
    complete: bool = True


def open_for_verification(folder: Path) -> Dataset:
    """The dataset; raises CtcError when there is none, or its dataset.json is not sound enough to
    check the rest by it."""
    if (folder / BUILD_STATE).exists() and not (folder / MANIFEST).exists():
        raise InputError(
            f"'{folder}' holds a dataset that was not finished: go on with `ctc dataset … --resume`"
        )
    return open_dataset(folder, refresh=True)


def verify_dataset(
    dataset: Dataset, workers: int, max_faults: int, advance: ProgressCallback
) -> VerifyResult:
    """Check all of it in `workers` threads, or until there are more than `max_faults`."""
    verified = VerifyResult()
    pool = ThreadPoolExecutor(workers, "ctc-verify")
    try:
        faults = tuple(
            islice(_DatasetCheck(dataset, verified).faults(pool, advance), max_faults + 1)
        )
    finally:
        pool.shutdown(cancel_futures=True)
    verified.faults, verified.complete = faults[:max_faults], len(faults) <= max_faults
    return verified


@dataclass
class _DatasetCheck:
    dataset: Dataset
    result: VerifyResult

    def faults(self, pool: Executor, advance: ProgressCallback) -> Iterator[Fault]:
        yield from _stray_file_faults(self.dataset)
        yield from _manifest_faults(self.dataset)
        places = EventIndex(self.dataset.folder)
        for split in self.dataset.manifest.splits:
            yield from self._split_faults(split, places, pool, advance)
        for event, (split, first, at), (_, file, offset) in places.leaked_events():
            yield Fault(
                file, offset, f"event '{event}' is in split '{split}' too: {first} at offset {at}"
            )

    def _split_faults(
        self, split: str, event_index: EventIndex, pool: Executor, advance: ProgressCallback
    ) -> Iterator[Fault]:
        counts: Counter[tuple[str, int]] = Counter()
        unread = 0
        classes = {label.name: len(label.classes) for label in self.dataset.manifest.labels}
        for shard in self.dataset.shards(split):
            contents = RecordStats()
            yield from ShardCheck(self.dataset.folder, shard, classes, contents).faults(
                pool, advance
            )
            event_index.add(split, shard.file, contents.ids)
            self.result.shards += 1
            self.result.events += len(contents.ids)
            self.result.images += contents.images
            counts += contents.counts
            unread += contents.unreadable
        if not unread:
            yield from _label_faults(self.dataset, split, counts)


def _stray_file_faults(dataset: Dataset) -> Iterator[Fault]:
    shards = [shard for shards in dataset.manifest.splits.values() for shard in shards]
    known = {
        MANIFEST,
        LEFT_OUT,
        *(shard.file for shard in shards),
        *(shard.index_file for shard in shards),
    }
    for name in sorted(entry.name for entry in dataset.folder.iterdir()):
        if is_partial(Path(name)) or (name.startswith(".") and name.endswith(".json")):
            yield Fault(name, None, "is left over from a build that was interrupted: remove it")
        elif name.endswith((".tfrecord", ".idx")) and name not in known:
            yield Fault(name, None, f"is not named in {MANIFEST}")


def _manifest_faults(dataset: Dataset) -> Iterator[Fault]:
    said = read_object(dataset.folder / MANIFEST, "the description of a dataset")["splits"]
    for split, shards in dataset.manifest.splits.items():
        for what in ("events", "images"):
            total = sum(getattr(shard, what) for shard in shards)
            if said[split].get(what) != total:
                yield Fault(
                    MANIFEST,
                    None,
                    f"says {said[split].get(what)} {what} for split '{split}', its shards {total}",
                )


def _label_faults(
    dataset: Dataset, split: str, counts: Counter[tuple[str, int]]
) -> Iterator[Fault]:
    for label in dataset.manifest.labels:
        said = label.counts.get(split, ())
        for number, name in enumerate(label.classes):
            held = counts[label.name, number]
            if number >= len(said) or said[number] != held:
                told = said[number] if number < len(said) else "nothing"
                what = f"class '{name}' of label '{label.name}' in split '{split}'"
                yield Fault(MANIFEST, None, f"says {told} for {what}, the records hold {held}")
