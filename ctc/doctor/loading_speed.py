"""How many photos per second a loader delivers here, of a dataset made for the purpose."""

from __future__ import annotations

import tempfile
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from ctc.artifacts.event_record import EventRecord
from ctc.benchmark.contenders import deliver
from ctc.benchmark.records import Setting
from ctc.doctor.image_codecs import camera_photos
from ctc.doctor.speed import in_words, rate
from ctc.hardware import usable_cores
from ctc.testing import write_dataset

EVENTS, DISTINCT = 128, 8
PHOTO = (500, 667)
"""Height and width as `ctc dataset` leaves them."""


def loading(loader: str, seconds: str) -> dict[str, Any]:
    """Augmented as for training, 224 px, from the memory of the system."""
    jpegs = list(camera_photos(DISTINCT, *PHOTO))
    events = [_event(number, jpeg) for number, jpeg in enumerate(islice(cycle(jpegs), EVENTS))]
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_dataset(Path(folder), {"train": events}, {"species": ("one", "other")})
        setting = Setting(folder, "train", threads=usable_cores())
        batches: Any = deliver(loader, dataset, setting)
        with closing(batches):
            measured = rate(batches, float(seconds))
    photo = in_words(PHOTO, sum(map(len, jpegs)) / DISTINCT)
    return {"loader": loader, "photos_per_second": measured, "threads": setting.threads, "photo": photo}


def _event(number: int, jpeg: bytes) -> EventRecord:
    return EventRecord(f"event-{number}", (jpeg,), (PHOTO,), {"species": (number % 2,)}, (f"{number}.jpg",), {})
