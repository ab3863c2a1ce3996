"""Check every byte of a dataset, and report the file and offset of each fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctc.artifacts.dataset import LEFT_OUT, MANIFEST, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.dataset.folder import BUILD_STATE
from ctc.dataset.verify.event_index import EventIndex
from ctc.dataset.verify.record_checks import RecordStats
from ctc.dataset.verify.shard_checks import Fault, ProgressCallback, ShardCheck
from ctc.errors import InputError
from ctc.storage.atomic import is_partial
from ctc.storage.json_file import read_object


@dataclass
class VerifyResult:
    """What was read, and the faults found.

    `complete` is False if the check stopped at `max_faults` with more to check.
    """

    shards: int = 0
    events: int = 0
    images: int = 0
    faults: tuple[Fault, ...] = ()
    complete: bool = True


def open_for_verification(folder: Path) -> Dataset:
    """Open the dataset.

    Raises CtcError if there is none, or if its dataset.json is too damaged to check the rest.
    """
    if (folder / BUILD_STATE).exists() and not (folder / MANIFEST).exists():
        raise InputError(
            f"'{folder}' holds an unfinished dataset: finish it with `ctc dataset … --resume`"
        )
    return open_dataset(folder, refresh=True)


def verify_dataset(
    dataset: Dataset, workers: int, max_faults: int, advance: ProgressCallback
) -> VerifyResult:
    """Check the dataset in `workers` threads; stop when there are more than `max_faults`."""
    result = VerifyResult()
    pool = ThreadPoolExecutor(workers, "ctc-verify")
    try:
        found = _DatasetCheck(dataset, result).faults(pool, advance)
        faults = tuple(islice(found, max_faults + 1))
    finally:
        pool.shutdown(cancel_futures=True)
    result.faults, result.complete = faults[:max_faults], len(faults) <= max_faults
    return result


@dataclass
class _DatasetCheck:
    dataset: Dataset
    result: VerifyResult

    def faults(self, pool: Executor, advance: ProgressCallback) -> Iterator[Fault]:
        yield from _stray_file_faults(self.dataset)
        yield from _manifest_faults(self.dataset)
        event_index = EventIndex(self.dataset.folder)
        for split in self.dataset.manifest.splits:
            yield from self._split_faults(split, event_index, pool, advance)
        for event, (split, first_file, first_offset), (
            _,
            file,
            offset,
        ) in event_index.leaked_events():
            other = f"{first_file} at offset {first_offset}"
            yield Fault(file, offset, f"event '{event}' is also in split '{split}': {other}")

    def _split_faults(
        self, split: str, event_index: EventIndex, pool: Executor, advance: ProgressCallback
    ) -> Iterator[Fault]:
        counts: Counter[tuple[str, int]] = Counter()
        unreadable = 0
        classes = {label.name: len(label.classes) for label in self.dataset.manifest.labels}
        for shard in self.dataset.shards(split):
            stats = RecordStats()
            check = ShardCheck(self.dataset.folder, shard, classes, stats)
            yield from check.faults(pool, advance)
            event_index.add(split, shard.file, stats.ids)
            self.result.shards += 1
            self.result.events += len(stats.ids)
            self.result.images += stats.images
            counts += stats.counts
            unreadable += stats.unreadable
        if not unreadable:
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
            yield Fault(name, None, "is left over from an interrupted build: remove it")
        elif name.endswith((".tfrecord", ".idx")) and name not in known:
            yield Fault(name, None, f"is not named in {MANIFEST}")


def _manifest_faults(dataset: Dataset) -> Iterator[Fault]:
    splits = read_object(dataset.folder / MANIFEST, "the description of a dataset")["splits"]
    for split, shards in dataset.manifest.splits.items():
        for what in ("events", "images"):
            total, stated = sum(getattr(shard, what) for shard in shards), splits[split].get(what)
            if stated != total:
                fault = f"says {stated} {what} for split '{split}', its shards {total}"
                yield Fault(MANIFEST, None, fault)


def _label_faults(
    dataset: Dataset, split: str, counts: Counter[tuple[str, int]]
) -> Iterator[Fault]:
    for label in dataset.manifest.labels:
        stated = dict(enumerate(label.counts.get(split, ())))
        for number, name in enumerate(label.classes):
            found, expected = counts[label.name, number], stated.get(number, "nothing")
            if found != expected:
                what = f"class '{name}' of label '{label.name}' in split '{split}'"
                yield Fault(MANIFEST, None, f"says {expected} for {what}, the records hold {found}")
