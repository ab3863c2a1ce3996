"""The photos that the report shows, and what is written beneath them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ctc.evaluation.answers.predictions import Answers, Probabilities, Scored
from ctc.evaluation.metrics.intervals import Ints


class Photo(NamedTuple):
    """`path` as the predictions or the dataset name it; '' where only the event is known."""

    event_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer and its photo. `truth` is None where it isn't known."""

    photo: Photo
    truth: str | None
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Gallery:
    """A grid of photos; `id` is its anchor."""

    id: str
    title: str
    about: str
    shown: tuple[Shown, ...]


class Album:
    """The events of one label, and for each the photo on which its answer shows best."""

    def __init__(self, scored: Scored, label: str) -> None:
        self._scored, self._classes = scored, scored.classes[label]
        self._probabilities = scored.events.probabilities[label]
        self._truth = scored.truth.get(label)
        self._photos = _PhotoRows.of(scored.photos, label, len(scored.ids)) if scored.photos else None

    def show(self, event: int) -> Shown:
        values = self._probabilities[event]
        top = int(values.argmax())
        truth = -1 if self._truth is None else int(self._truth[event])
        name = self._classes[truth] if truth >= 0 else None
        return Shown(self._photo(event, top), name, self._classes[top], float(values[top]))

    def show_all(self, events: Ints) -> tuple[Shown, ...]:
        return tuple(self.show(event) for event in events.tolist())

    def _photo(self, event: int, top: int) -> Photo:
        path = self._photos.best(event, top) if self._photos else None
        return Photo(self._scored.ids[event], path or self._scored.events.paths[event])


@dataclass(frozen=True)
class _PhotoRows:
    """The answers for photos: `order` sorts them by event, `bounds` says where those of each event begin there."""

    paths: tuple[str, ...]
    probabilities: Probabilities
    order: Ints
    bounds: Ints

    @classmethod
    def of(cls, photos: Answers, label: str, events: int) -> _PhotoRows:
        order = np.argsort(photos.event, kind="stable")
        bounds = np.searchsorted(photos.event[order], np.arange(events + 1))
        return cls(photos.paths, photos.probabilities[label], order, bounds)

    def best(self, event: int, number: int) -> str | None:
        """The path of the event's photo that is most probably of class `number`."""
        rows = self.order[self.bounds[event] : self.bounds[event + 1]]
        return self.paths[rows[self.probabilities[rows, number].argmax()]] if len(rows) else None
