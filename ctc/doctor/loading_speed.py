"""Throughput of a loader on a synthetic dataset."""

from __future__ import annotations

import tempfile
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from ctc.artifacts.event_record import EventRecord
from ctc.benchmark.contenders import open_stream
from ctc.benchmark.records import BenchmarkConfig
from ctc.dataset.from_records import write_dataset
from ctc.doctor.image_codecs import camera_photos
from ctc.doctor.speed import describe_photo, measure_rate
from ctc.hardware import usable_cores

EVENT_COUNT, PHOTO_COUNT = 128, 8
PHOTO_SIZE = (500, 667)
"""Height and width as in a dataset of `ctc dataset`."""


def measure_loading_speed(loader: str, seconds: str) -> dict[str, Any]:
    """Measure photos per second with training augmentation at 224 px, from the page cache."""
    jpegs = list(camera_photos(PHOTO_COUNT, *PHOTO_SIZE))
    events = [_event(number, jpeg) for number, jpeg in enumerate(islice(cycle(jpegs), EVENT_COUNT))]
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_dataset(Path(folder), {"train": events}, {"species": ("one", "other")})
        config = BenchmarkConfig(folder, "train", threads=usable_cores())
        batches: Any = open_stream(loader, dataset, config)
        with closing(batches):
            rate = measure_rate(batches, float(seconds))
    photo = describe_photo(PHOTO_SIZE, sum(map(len, jpegs)) / PHOTO_COUNT)
    return {
        "loader": loader,
        "photos_per_second": rate,
        "threads": config.threads,
        "photo": photo,
    }


def _event(number: int, jpeg: bytes) -> EventRecord:
    return EventRecord(
        f"event-{number}",
        (jpeg,),
        (PHOTO_SIZE,),
        {"species": (number % 2,)},
        (f"{number}.jpg",),
        {},
    )
