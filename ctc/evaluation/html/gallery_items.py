"""Photos of the report, with their captions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import EvaluationData, ProbabilityMatrix, UnitPredictions
from ctc.evaluation.statistics.exact import Int64Array


class PhotoRef(NamedTuple):
    """A photo; `path` is that of the predictions or the dataset, '' if only the event is known."""

    event_id: str
    path: str


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """A prediction and its photo; `truth` is None if unknown.

    `second` is the second most probable class, with its probability; None if there is one class.
    """

    photo: PhotoRef
    truth: str | None
    predicted: str
    confidence: float
    second: tuple[str, float] | None = None


@dataclass(frozen=True)
class Gallery:
    """A grid of photos; `id` is its anchor. `names_second`: captions name the second class."""

    id: str
    title: str
    about: str
    items: tuple[GalleryItem, ...]
    names_second: bool = False


class GalleryBuilder:
    """Builder of items of one label, each with the event's photo that supports its class most."""

    def __init__(self, data: EvaluationData, label: str) -> None:
        self._data, self._classes = data, data.classes[label]
        self._probabilities = data.events.probabilities[label]
        self._truth = data.truth.get(label)
        self._photos = (
            _PhotoRows.from_predictions(data.photos, label, len(data.event_ids))
            if data.photos
            else None
        )

    def build_item(self, event: int) -> GalleryItem:
        """Return the item of an event, by its number."""
        values = self._probabilities[event]
        top = int(values.argmax())
        truth = -1 if self._truth is None else int(self._truth[event])
        name = self._classes[truth] if truth >= 0 else None
        return GalleryItem(
            self._best_photo(event, top),
            name,
            self._classes[top],
            float(values[top]),
            self._second(values, top),
        )

    def _second(self, values: NDArray[np.float32], top: int) -> tuple[str, float] | None:
        if len(values) < 2:
            return None
        second = int(np.where(np.arange(len(values)) == top, -1, values).argmax())
        return self._classes[second], float(values[second])

    def build_items(self, events: Int64Array) -> tuple[GalleryItem, ...]:
        """Return the items of several events, in order."""
        return tuple(self.build_item(event) for event in events.tolist())

    def _best_photo(self, event: int, top: int) -> PhotoRef:
        path = self._photos.best_path(event, top) if self._photos else None
        return PhotoRef(self._data.event_ids[event], path or self._data.events.paths[event])


@dataclass(frozen=True)
class _PhotoRows:
    """Predictions of photos, grouped by event.

    `order` sorts the rows by event, `bounds` (E + 1,) are the events' first positions in `order`.
    """

    paths: tuple[str, ...]
    probabilities: ProbabilityMatrix
    order: Int64Array
    bounds: Int64Array

    @classmethod
    def from_predictions(cls, photos: UnitPredictions, label: str, events: int) -> _PhotoRows:
        order = np.argsort(photos.event, kind="stable")
        bounds = np.searchsorted(photos.event[order], np.arange(events + 1))
        return cls(photos.paths, photos.probabilities[label], order, bounds)

    def best_path(self, event: int, number: int) -> str | None:
        """Return the event's photo with the highest probability of class `number`, None if none."""
        rows = self.order[self.bounds[event] : self.bounds[event + 1]]
        return self.paths[rows[self.probabilities[rows, number].argmax()]] if len(rows) else None
