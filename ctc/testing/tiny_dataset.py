"""A small generated dataset.

Its events have one to three photos, two labels, missing classes and second observations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset, Label, Manifest, Shard
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.images import encode_jpeg
from ctc.storage import tfrecord
from ctc.storage.tfrecord import read_index

SPECIES = ("boar", "deer", "fox")
COUNTS = ("1", "2+")
TINY_SPLITS = {"train": 12, "val": 5, "test": 6}
_COLORS = {"boar": (90, 60, 40), "deer": (190, 120, 60), "fox": (220, 70, 30)}


def build_dataset(
    folder: Path, splits: Mapping[str, int] = TINY_SPLITS, shards: int = 2, smallest_side: int = 60
) -> Dataset:
    """Generate a dataset with `splits` (split → number of events) in `shards` files per split.

    Event i of a split has 1 + i % 3 photos, species i % 3, and a count, which every fourth event
    lacks; every fifth has a second observation (two species). Each species has a colour, so that a
    network can learn it.
    """
    folder.mkdir(parents=True)
    events = {
        split: [tiny_event(f"{split}-{i}", i, smallest_side) for i in range(count)]
        for split, count in splits.items()
    }
    return write_dataset(folder, events, {"species": SPECIES, "count": COUNTS}, shards)


def write_dataset(
    folder: Path,
    events: Mapping[str, list[EventRecord]],
    classes: Mapping[str, tuple[str, ...]],
    shards: int = 1,
) -> Dataset:
    """Write a dataset with these events: event i goes to shard i % `shards` of its split."""
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


def tiny_event(event_id: str, i: int, smallest_side: int = 60) -> EventRecord:
    """Return the i-th event of a split; it is the same each time."""
    species = i % 3
    photos = [
        draw_photo(_COLORS[SPECIES[species]], 10 * i + n, smallest_side) for n in range(1 + i % 3)
    ]
    second = (MISSING,) if i % 5 == 4 else ()
    return EventRecord(
        event_id=event_id,
        jpegs=tuple(encode_jpeg(photo, 90) for photo in photos),
        sizes=tuple((photo.shape[0], photo.shape[1]) for photo in photos),
        labels={
            "species": (species, *((species + 1) % 3 for _ in second)),
            "count": (MISSING if i % 4 == 3 else i % 2, *second),
        },
        paths=tuple(f"{event_id}/{n}.jpg" for n in range(len(photos))),
        meta={"location": f"camera {i % 4}", "night": i % 2 == 0},
    )


def draw_photo(
    color: tuple[int, int, int], seed: int, smallest_side: int = 60
) -> NDArray[np.uint8]:
    """Draw a smooth green scene, wider than high, with an ellipse of the colour somewhere."""
    rng = np.random.default_rng(seed)
    height, width = smallest_side, smallest_side * 4 // 3
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    scene = np.stack(
        [60 + 40 * y / height, 110 + 50 * x / width, 70 + 20 * (x + y) / (height + width)], axis=2
    )
    centre_y, centre_x = rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width
    inside = ((y - centre_y) / (0.2 * height)) ** 2 + ((x - centre_x) / (0.25 * width)) ** 2 <= 1
    scene[inside] = color
    return scene.astype(np.uint8)


def corrupt_record(dataset: Dataset, shard: int = 1, record: int = 2) -> tuple[str, int]:
    """Flip a byte in a record of the split `train`; return its shard's file name and its offset."""
    entry = dataset.shards("train")[shard]
    offset, _ = read_index(dataset.folder / entry.index_file)[record]
    path = dataset.folder / entry.file
    data = bytearray(path.read_bytes())
    data[offset + 100] ^= 0xFF
    path.write_bytes(data)
    return entry.file, offset


def _write_shard(folder: Path, stem: str, events: Iterable[EventRecord]) -> Shard:
    kept = list(events)
    frames = [tfrecord.frame(event.encode()) for event in kept]
    data = b"".join(frames)
    (folder / f"{stem}.tfrecord").write_bytes(data)
    lines, offset = [], 0
    for record in frames:
        lines.append(f"{offset} {len(record)}\n")
        offset += len(record)
    (folder / f"{stem}.idx").write_text("".join(lines))
    images = sum(len(event.jpegs) for event in kept)
    return Shard(f"{stem}.tfrecord", len(kept), images, len(data), hashlib.sha256(data).hexdigest())


def _class_counts(events: Iterable[EventRecord], label: str, classes: int) -> tuple[int, ...]:
    seen = [value for event in events for value in event.labels.get(label, ()) if value != MISSING]
    return tuple(seen.count(i) for i in range(classes))
