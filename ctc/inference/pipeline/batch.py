"""A batch of network inputs, filled by several workers; the one that fills the last place runs the network on it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import Failure, ImagePrediction, Probabilities
from ctc.artifacts.preprocessing import Preprocessing
from ctc.inference.pipeline.inputs import Filled, Photo, Truncated
from ctc.inference.postprocess import Reading
from ctc.runtime.session import Model


class Fillable(Protocol):
    """A piece: whatever can put one network input into its place."""

    def fill(self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: Truncated) -> Filled:
        """Fill `slot`, uint8 (height, width, 3), and say which photos it shows and which failed; without a photo it is blank."""


PieceT = TypeVar("PieceT", bound=Fillable)


class Answer(NamedTuple, Generic[PieceT]):
    """What came of one piece."""

    piece: PieceT
    photos: tuple[ImagePrediction, ...]
    failures: tuple[Failure, ...]


class Batch(Generic[PieceT]):
    """`answers` are there when every place has been filled, or hold what went wrong. `buffer`, uint8 (size, height, width, 3), may have
    more places than there are pieces: the network always sees all of them, since many providers tune for one size.
    """

    def __init__(self, pieces: Sequence[PieceT], buffer: NDArray[np.uint8]) -> None:
        self.pieces = pieces
        self.buffer = buffer
        self.answers: Future[list[Answer[PieceT]]] = Future()
        self._filled: list[Filled | None] = [None] * len(pieces)
        self._open = len(pieces)
        self._lock = Lock()
        buffer[len(pieces) :] = 0

    def fill(self, place: int, model: Model, reading: Reading, truncated: Truncated) -> None:
        """One worker's part. Whatever goes wrong reaches those who wait for the answers."""
        try:
            filled = self.pieces[place].fill(self.buffer[place], model.info.preprocessing, truncated)
            if self._is_last(place, filled):
                self.answers.set_result(self._shown_to(model, reading))
        except BaseException as error:
            with self._lock:
                if not self.answers.done():
                    self.answers.set_exception(error)

    def _is_last(self, place: int, filled: Filled) -> bool:
        with self._lock:
            self._filled[place] = filled
            self._open -= 1
            return not self._open

    def _shown_to(self, model: Model, reading: Reading) -> list[Answer[PieceT]]:
        filled = [one for one in self._filled if one]
        if not any(one.photos for one in filled):
            return [Answer(piece, (), one.failures) for piece, one in zip(self.pieces, filled, strict=True)]
        outputs = reading.read(model.predict(self.buffer))
        sound = np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in outputs.values()])
        return [
            _answer(piece, one, {label: values[row] for label, values in outputs.items()} if sound[row] else None)
            for row, (piece, one) in enumerate(zip(self.pieces, filled, strict=True))
        ]


def _answer(piece: PieceT, filled: Filled, probabilities: Probabilities | None) -> Answer[PieceT]:
    if probabilities is None:
        lost = tuple(Failure(photo.path, "the model's answer is not a number") for photo in filled.photos)
        return Answer(piece, (), filled.failures + lost)
    return Answer(piece, tuple(_prediction(photo, probabilities) for photo in filled.photos), filled.failures)


def _prediction(photo: Photo, probabilities: Probabilities) -> ImagePrediction:
    exif = photo.exif
    make, model = exif.make or "", exif.model or ""
    camera = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    return ImagePrediction(
        photo.path,
        probabilities,
        taken=exif.taken.isoformat() if exif.taken else None,
        camera=camera or None,
        latitude=exif.latitude,
        longitude=exif.longitude,
    )
