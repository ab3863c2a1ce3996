"""A small generated dataset.

Its events have one to three photos, two labels, missing classes and second observations.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.dataset.from_records import write_dataset
from ctc.images import encode_jpeg
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
