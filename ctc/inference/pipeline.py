"""Photos in, predictions out.

events → pieces (a network input each) → batches → threads decode into the batches' buffers, while the network
runs on the oldest batch that is full → answers, in order → aggregation → events
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction, Probabilities
from ctc.inference.aggregation import aggregate
from ctc.inference.events import Event
from ctc.inference.pieces import Filled, Piece, Truncated, fill, pieces
from ctc.inference.session import Model
from ctc.plugin import Aggregation


@dataclass(frozen=True)
class PipelineConfig:
    """`batch_size`: network inputs at a time; `threads`: decoders; `truncated`: whether cut JPEGs fail or are used, grey where
    they end."""

    batch_size: int = 16
    threads: int = 1
    truncated: Truncated = "fail"

    @property
    def batches_in_flight(self) -> int:
        """How many batches hold memory at a time: enough for every thread to have two photos while the network runs."""
        return 2 + -(-2 * self.threads // self.batch_size)


class _Batch(NamedTuple):
    pieces: list[Piece]
    buffer: NDArray[np.uint8]
    filling: list[Future[Filled]]


class _Answer(NamedTuple):
    piece: Piece
    photos: tuple[ImagePrediction, ...]
    failures: tuple[Failure, ...]


def usable_cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def predict(
    model: Model, events: Iterable[Event], aggregation: Aggregation, config: PipelineConfig
) -> Generator[EventPrediction | Failure]:
    """A prediction for every event with a good photo, and a failure for every photo that is none (and every event without
    photos), in the order of the events whatever the number of threads; an event's failures come before its prediction."""
    stacked = model.info.preprocessing.image_choice == "grayscale_stacking"
    photos: list[ImagePrediction] = []
    for answer in _answers(model, pieces(events, stacked), config):
        yield from answer.failures
        photos += answer.photos
        if answer.piece.last:
            if photos:
                yield _event(model, answer.piece.event, photos, aggregation)
            photos = []


def _event(model: Model, event: Event, photos: list[ImagePrediction], aggregation: Aggregation) -> EventPrediction:
    labels = model.info.labels
    combined = aggregate(aggregation, [photo.probabilities for photo in photos], labels)
    return EventPrediction(event.id, labels, combined, tuple(photos), event.meta)


def _answers(model: Model, stream: Iterator[Piece], config: PipelineConfig) -> Iterator[_Answer]:
    preprocessing = model.info.preprocessing
    shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
    free = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
    waiting: deque[_Batch] = deque()
    # the pool's threads are the parallelism; OpenCV's own would fight with them
    pool = ThreadPoolExecutor(config.threads, "decode", initializer=cv2.setNumThreads, initargs=(1,))
    try:
        while True:
            while free and (chosen := list(islice(stream, config.batch_size))):
                buffer = free.pop()
                filling = [
                    pool.submit(fill, piece, slot, preprocessing, config.truncated)
                    for piece, slot in zip(chosen, buffer, strict=False)
                ]
                waiting.append(_Batch(chosen, buffer, filling))
            if not waiting:
                return
            batch = waiting.popleft()
            answers = _run(model, batch)
            free.append(batch.buffer)
            yield from answers
    finally:
        pool.shutdown(cancel_futures=True)


def _run(model: Model, batch: _Batch) -> list[_Answer]:
    filled = [future.result() for future in batch.filling]
    if not any(one.paths for one in filled):
        return [_Answer(piece, (), one.failures) for piece, one in zip(batch.pieces, filled, strict=True)]
    outputs = model.predict(batch.buffer[: len(filled)])
    return [
        _answer(piece, one, {label: values[row] for label, values in outputs.items()})
        for row, (piece, one) in enumerate(zip(batch.pieces, filled, strict=True))
    ]


def _answer(piece: Piece, filled: Filled, probabilities: Probabilities) -> _Answer:
    if not all(np.isfinite(values).all() for values in probabilities.values()):
        lost = tuple(Failure(path, "the model's answer is not a number") for path in filled.paths)
        return _Answer(piece, (), filled.failures + lost)
    return _Answer(piece, tuple(ImagePrediction(path, probabilities) for path in filled.paths), filled.failures)
