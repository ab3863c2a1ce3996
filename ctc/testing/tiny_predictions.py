"""Predictions and failures that cover the cases an output format must handle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.images import encode_jpeg

PredictionEntry = EventPrediction | Failure

LABELS = {"species": ("cat", 'say "dog", or\nnot', "🦊, fox"), "count": ("1", "2+")}
OTHER_LABELS = {"class": ("fox", "deer")}
"""Labels of another model: class folders have no 'species'."""
FAILURES = (
    Failure("gone.jpg", "no such file or directory", event_id="4", meta={"site": "N"}),
    Failure("event 9", "it names no photo", of_event=True),
)
PHOTOS = ("a.jpg", "b.jpg", "ü 'c';.jpg")


def write_photos(folder: Path) -> None:
    """Write the photos that the entries name, except the missing ones."""
    for number, name in enumerate(PHOTOS):
        (folder / name).write_bytes(encode_jpeg(np.full((8, 8, 3), 40 * number, np.uint8), 90))


def output_cases(photos: Path) -> dict[str, list[PredictionEntry]]:
    """Return description → entries; the events of one case have the same meta columns."""
    a, b, odd = (str(photos / name) for name in PHOTOS)
    exif = ImagePrediction(
        b,
        _random_probabilities(2),
        "2016-09-25T18:35:10",
        "RECONYX HC500",
        -2.5,
        34.75,
        meta={"site": "S", "id": None, "x": 2},
        box=Box(0.25, 0.5, 0.125, 0.25, confidence=0.75),
        size=(1536, 2048),
    )
    plain = _event("1", _photo(a))
    return {
        "an event of two photos, one with EXIF": [_event("1", _photo(a), exif)],
        "names with quotes, line breaks and emoji": [_event('2,"x"\n🦊', _photo(odd)), plain],
        "a file name that is not Unicode": [
            _event(f"{photos}/\udce9.jpg", _photo(f"{photos}/\udce9.jpg"))
        ],
        "an answer that is unknown": [
            _event("3", _photo(a), thresholds={"species": (0.9, None, 0.9)})
        ],
        "a label that may have several classes": [replace(plain, multi_label=("species",))],
        "meta columns, some without a value": [
            _event(str(i), _photo(a), site="N", id=None, x=0.5) for i in range(2)
        ],
        "events and failures in turn": [
            FAILURES[0],
            plain,
            FAILURES[1],
            _event("4", _photo(b)),
            FAILURES[0],
        ],
        "failures alone": list(FAILURES),
        "nothing at all": [],
    }


def other_label_events(photos: Path) -> list[PredictionEntry]:
    """Return events of a model whose labels are OTHER_LABELS, one of them not sure enough."""
    values = {"class": np.array([0.75, 0.25], np.float32)}
    images = (ImagePrediction(str(photos / "a.jpg"), values),)
    event = EventPrediction("1", OTHER_LABELS, values, images)
    return [event, FAILURES[0], replace(event, id="2", thresholds={"class": (0.9, None)})]


def many_events(photos: Path, events: int) -> Iterator[EventPrediction]:
    """Yield `events` predictions whose ids can't be compressed to nothing."""
    event = _event("", _photo(str(photos / "a.jpg")))
    for number in range(events):
        yield replace(event, id=f"event {number} {blake2b(b'%d' % number).hexdigest()}")


def _event(
    event_id: str,
    *images: ImagePrediction,
    thresholds: dict[str, tuple[float | None, ...]] | None = None,
    **meta: str | int | float | None,
) -> EventPrediction:
    return EventPrediction(
        event_id, LABELS, _random_probabilities(1), images, meta, thresholds or {}
    )


def _photo(path: str) -> ImagePrediction:
    return ImagePrediction(path, _random_probabilities(0))


def _random_probabilities(seed: int) -> dict[str, NDArray[np.float32]]:
    """Return read-only probabilities, since other consumers read the same arrays."""
    rng = np.random.default_rng(seed)
    values = {
        label: rng.dirichlet(np.ones(len(classes))).astype(np.float32)
        for label, classes in LABELS.items()
    }
    for array in values.values():
        array.setflags(write=False)
    return values
