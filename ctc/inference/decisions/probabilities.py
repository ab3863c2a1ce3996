"""Change the probabilities of a label everywhere in the prediction of an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction, ImagePrediction, Probabilities

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Returns other probabilities, (classes,)."""


def change_label(event: EventPrediction, label: str, change: Change) -> EventPrediction:
    """Return the event with other probabilities of a label, of itself, its photos and boxes."""

    def changed(given: Probabilities) -> Probabilities:
        return {**given, label: change(given[label])}

    def of_photo(photo: ImagePrediction) -> ImagePrediction:
        boxes = photo.boxes and tuple(
            replace(one, probabilities=changed(one.probabilities)) for one in photo.boxes
        )
        return replace(photo, probabilities=changed(photo.probabilities), boxes=boxes)

    images = tuple(map(of_photo, event.images))
    return replace(event, probabilities=changed(event.probabilities), images=images)


def weighted(values: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the probabilities times `weights`, with the sum 1; all 0 where nothing is left."""
    products = values.astype(np.float64) * weights
    total = products.sum()
    return np.asarray(products / total if total > 0 else products * 0, np.float32)


def answer(event: EventPrediction, label: str) -> str:
    """Return the class that is answered; all present classes of a multi-label label."""
    return "; ".join(name for name, _ in event.predicted_classes(label))
