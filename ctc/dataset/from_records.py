"""Write a dataset folder directly from event records, for tests and benchmarks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ctc.artifacts.dataset import Dataset, Label, Manifest, Shard
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.storage import tfrecord


def write_dataset(
    folder: Path,
    events: Mapping[str, list[EventRecord]],
    classes: Mapping[str, tuple[str, ...]],
    shards: int = 1,
) -> Dataset:
    """Write a dataset with exactly these events per split, and the `classes` of each label.

    Event i goes to shard i % `shards` of its split. The folder must exist; channel mean and
    standard deviation are constants.
    """
    manifest = Manifest(
        splits={
            split: tuple(
                _write_shard(folder, f"{split}-{n:05d}-of-{shards:05d}", part[n::shards])
                for n in range(shards)
            )
            for split, part in events.items()
        },
        labels=tuple(
            Label(
                name,
                values,
                {split: _class_counts(part, name, len(values)) for split, part in events.items()},
            )
            for name, values in classes.items()
        ),
        shrink={"smallest_side": 60, "quality": 90},
        channel_mean=(0.4, 0.45, 0.4),
        channel_std=(0.25, 0.25, 0.25),
    )
    dataset = Dataset(folder, manifest)
    dataset.save()
    return dataset


def _write_shard(folder: Path, stem: str, events: Iterable[EventRecord]) -> Shard:
    records = list(events)
    frames = [tfrecord.frame(event.encode()) for event in records]
    data = b"".join(frames)
    (folder / f"{stem}.tfrecord").write_bytes(data)
    lines, offset = [], 0
    for frame in frames:
        lines.append(f"{offset} {len(frame)}\n")
        offset += len(frame)
    (folder / f"{stem}.idx").write_text("".join(lines))
    images = sum(len(event.jpegs) for event in records)
    digest = hashlib.sha256(data).hexdigest()
    return Shard(f"{stem}.tfrecord", len(records), images, len(data), digest)


def _class_counts(events: Iterable[EventRecord], label: str, classes: int) -> tuple[int, ...]:
    seen = [value for event in events for value in event.labels.get(label, ()) if value != MISSING]
    return tuple(seen.count(index) for index in range(classes))
