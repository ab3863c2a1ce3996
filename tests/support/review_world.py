"""A review store with small photos of coloured squares, for the tests of its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.records import (
    Guess,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)
from ctc.artifacts.review.store import ReviewStore

CLASSES = ("fox", "deer", "boar", "hare", "badger", "marten", "lynx", "wolf", "owl", "jay", "empty")
LABELS = (
    ReviewLabel("species", CLASSES, CLASSES),
    ReviewLabel("count", ("1", "2", "3"), ("1", "2", "3")),
)
COLORS = {"fox": (170, 90, 40), "deer": (120, 100, 70), "boar": (60, 50, 50)}


def make_event(
    at: int,
    answer: str = "fox",
    confidence: float = 0.9,
    photos: int = 1,
    folder: str = "north",
    labels: Sequence[ReviewLabel] = LABELS,
    cluster: int | None = None,
) -> ReviewEvent:
    """Return an event that the model takes for `answer`, then for the next classes in order."""
    start = CLASSES.index(answer)
    ranked = [CLASSES[(start + step) % len(CLASSES)] for step in range(9)]
    rest = (1 - confidence) / 8
    guesses = [Guess(answer, confidence), *(Guess(name, rest) for name in ranked[1:])]
    predictions = {
        "species": ReviewPrediction(
            answer, confidence, tuple(guesses), doubt=1 - confidence + rest, worth=1 - confidence
        )
    }
    if any(label.name == "count" for label in labels):
        predictions["count"] = ReviewPrediction("1", 0.8, (Guess("1", 0.8), Guess("2", 0.2)))
    box = LabelledBox(Box(0.25, 0.3, 0.4, 0.5, confidence=0.8), "animal")
    paths = [f"{folder}/{at:05}-{n}.jpg" for n in range(photos)]
    return ReviewEvent(
        "",
        f"event {at}",
        at,
        tuple(
            ReviewPhoto(path, f"2025-06-{1 + at % 28:02}T{at % 24:02}:00:0{n}", (box,))
            for n, path in enumerate(paths)
        ),
        place=folder,
        time=f"2025-06-{1 + at % 28:02}T{at % 24:02}:00:00",
        predictions=predictions,
        blank=0.9 if answer == "empty" else 0.02,
        cluster=cluster,
    )


def draw_photo(path: Path, number: int, color: tuple[int, int, int] = (90, 110, 90)) -> None:
    """Write a photo that differs by its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((240, 320, 3), color, np.uint8)
    pixels[::16] //= 2
    left = 20 + number * 13 % 200
    pixels[80:180, left : left + 90] = (200, 160, 60)
    Image.fromarray(pixels).save(path, quality=80)


def make_store(
    folder: Path,
    events: Sequence[ReviewEvent],
    labels: Sequence[ReviewLabel] = LABELS,
    clock: Callable[[], float] | None = None,
) -> ReviewStore:
    """Write the photos of events into `folder/photos`, and a store of them beside; no clips."""
    root = folder / "photos"
    for event in events:
        for n, photo in enumerate(event.photos):
            if "#t=" in photo.path:
                continue
            draw_photo(root / photo.path, 7 * event.position + n)
    options = {} if clock is None else {"clock": clock}
    store = ReviewStore.open(folder / "review.sqlite", make=True, **options)
    store.set_labels(labels)
    store.replace_events(events)
    store.set_about(replace(StoreAbout(), predictions="predictions.csv", photo_root=str(root)))
    return store
