"""Events of a review store for tests, and a clock that stands still."""

from __future__ import annotations

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import (
    Guess,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)

LABELS = (
    ReviewLabel("species", ("fox", "wolf", "empty"), ("fox", "wolf", "empty")),
    ReviewLabel("count", is_open=True),
    ReviewLabel("behaviour", ("eating", "resting"), multi_label=True),
)
FOX, WOLF, UNSURE = (Answer({"species": names}) for names in (("fox",), ("wolf",), None))


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


class Clock:
    """A clock that stands still until it is told otherwise."""

    now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now
