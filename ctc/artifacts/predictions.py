"""What a model says of photos and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

UNKNOWN = "unknown"
"""The answer where no class is probable enough to be believed."""

PRESENCE_THRESHOLD = 0.5
"""From this probability on a class of a multi-label label is there, unless another threshold is
given."""

Probabilities = Mapping[str, NDArray[np.float32]]
"""Per label a float32 array (classes,), in the order of the model's classes, values 0–1."""


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """What the model says of one photo, and what the camera wrote into it: `taken` in ISO 8601,
    without a zone as cameras have none; `camera`, make and model; `latitude` and `longitude` in
    degrees, both or neither."""

    path: str
    probabilities: Probabilities
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class EventPrediction:
    """What the model says of one event: the aggregate over its photos, and the photos themselves.

    `classes` holds, per label, the class names in the order of the probabilities; `thresholds`, per
    label that has some, the lowest probability of each class that is believed (None: none is). The
    labels `multi_label` may have several classes at once, whose probabilities don't sum to 1."""

    id: str
    classes: Mapping[str, tuple[str, ...]]
    probabilities: Probabilities
    images: tuple[ImagePrediction, ...]
    meta: Mapping[str, str | int | float | None] = field(default_factory=dict)
    thresholds: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()

    def top(self, label: str, photo: ImagePrediction | None = None) -> tuple[str, float]:
        """The most probable class of `label` and its probability, for the event or one of its
        photos; the first one on a tie. Below the threshold of that class the answer is UNKNOWN,
        with the probability all the same. Of a multi-label label it is the first of those
        `present_classes`; where none is, UNKNOWN with the highest probability."""
        if label in self.multi_label:
            return next(
                iter(self.present_classes(label, photo)),
                (UNKNOWN, float((photo or self).probabilities[label].max())),
            )
        values = (photo or self).probabilities[label]
        best = int(np.argmax(values))
        lowest = self.thresholds[label][best] if label in self.thresholds else 0.0
        believed = lowest is not None and values[best] >= np.float32(lowest)
        return self.classes[label][best] if believed else UNKNOWN, float(values[best])

    def present_classes(
        self, label: str, photo: ImagePrediction | None = None
    ) -> list[tuple[str, float]]:
        """The classes of the multi-label `label` that reach their thresholds (PRESENT where they
        have none), with their probabilities, the most probable first; for the event or one of its
        photos."""
        classes, values = self.classes[label], (photo or self).probabilities[label]
        lowest = self.thresholds.get(label, (PRESENCE_THRESHOLD,) * len(classes))
        order = np.argsort(-values, kind="stable").tolist()
        reached = ((place, lowest[place]) for place in order)
        return [
            (classes[place], float(values[place]))
            for place, limit in reached
            if limit is not None and values[place] >= np.float32(limit)
        ]

    def predicted_classes(
        self, label: str, photo: ImagePrediction | None = None
    ) -> list[tuple[str, float]]:
        """What to tell of `label`, one class after the other: those `present_classes`, or the `top`
        alone."""
        found = self.present_classes(label, photo) if label in self.multi_label else []
        return found or [self.top(label, photo)]


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that came in and could not be used; or an event that names no photo, whose id is then
    the `path`."""

    path: str
    reason: str
    of_event: bool = False
