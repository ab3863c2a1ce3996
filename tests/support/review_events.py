"""Events of a review store for tests, and a clock that stands still."""

from __future__ import annotations

from dataclasses import replace

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import (
    Guess,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)
from ctc.artifacts.review.store import ReviewStore

LABELS = (
    ReviewLabel("species", ("fox", "wolf", "empty"), ("fox", "wolf", "empty")),
    ReviewLabel("count", is_open=True),
    ReviewLabel("behaviour", ("eating", "resting"), multi_label=True),
)
FOX, WOLF, UNSURE = (Answer({"species": names}) for names in (("fox",), ("wolf",), None))

BOX = LabelledBox(Box(0.25, 0.5, 0.125, 0.25, confidence=0.75), "animal", {"species": "fox"})


def make_event(name: str, *photos: str) -> ReviewEvent:
    prediction = ReviewPrediction(
        "fox",
        0.75,
        (Guess("fox", 0.75), Guess("wolf", 0.25)),
        probabilities=(0.75, 0.25, 0.0),
        columns={"prediction_set": ("fox", "wolf"), "dropped": False},
        doubt=0.5,
    )
    return ReviewEvent(
        "",
        name,
        0,
        tuple(map(ReviewPhoto, photos or (f"{name}/1.jpg", f"{name}/2.jpg"))),
        place="north",
        time="2025-06-01T12:00:00",
        predictions={"species": prediction},
        blank=0.0,
        meta={"altitude": "300"},
    )


def with_boxes(event: ReviewEvent) -> ReviewEvent:
    """Return the event with a box in its first photo."""
    first, *others = event.photos
    return replace(event, photos=(replace(first, boxes=(BOX,)), *others))


def keys_of(store: ReviewStore) -> dict[str, str]:
    """Return the keys by the ids of the events."""
    return {event.id: event.key for event in store.iter_events()}


class Clock:
    """A clock that stands still until it is told otherwise."""

    now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now
