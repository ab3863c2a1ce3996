"""Photos in, predictions out.

events → pieces (a network input each) → batches → workers, who read, decode and resize a piece
each; the one that completes a batch runs the network on it → answers, in order → aggregation →
outcomes

Every worker decodes and infers in turn, so no core waits for another and there is no split of
threads to get wrong. A network on a device of its own takes one batch at a time, while one worker
more than there are cores keeps decoding."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.inference.events.event import Event
from ctc.inference.pipeline.aggregation import aggregate
from ctc.inference.pipeline.batch import InferenceBatch, InputResult
from ctc.inference.pipeline.inputs import ModelInput, TruncatedPolicy, model_inputs
from ctc.inference.pipeline.prefetch import prefetch
from ctc.inference.postprocess import Postprocessor
from ctc.plugin import Aggregation
from ctc.runtime.session import Model


@dataclass(frozen=True)
class PipelineConfig:
    """`batch_size`: network inputs at a time; `threads`: CPU cores to use; `truncated`: whether cut
    JPEGs fail or are used, grey where they end."""

    batch_size: int = 1
    threads: int = 1
    truncated: TruncatedPolicy = "fail"

    @property
    def batches_in_flight(self) -> int:
        """How many batches hold memory at a time: enough for every thread to have two photos while
        the network runs."""
        return 2 + -(-2 * self.threads // self.batch_size)


@dataclass(frozen=True, slots=True)
class EventResult:
    """What came of an event: a failure for each photo that can't be used, and a prediction when
    there is one that can."""

    failures: tuple[Failure, ...]
    prediction: EventPrediction | None

    @property
    def photos(self) -> int:
        """How many photos came in."""
        good = len(self.prediction.images) if self.prediction else 0
        return good + sum(not failure.of_event for failure in self.failures)

    @property
    def entries(self) -> tuple[EventPrediction | Failure, ...]:
        """As output formats want it: failures first."""
        return (*self.failures, self.prediction) if self.prediction else self.failures


def predict(
    model: Model,
    postprocessor: Postprocessor,
    events: Iterable[Event],
    aggregation: Aggregation,
    config: PipelineConfig,
) -> Generator[EventResult]:
    """What comes of each event, in the order of the events whatever the number of threads."""
    photos: list[ImagePrediction] = []
    failures: list[Failure] = []
    stream = prefetch(model_inputs(events, model.info.preprocessing.is_stacked))
    for answer in _run_batches(model, postprocessor, stream, config):
        photos += answer.photos
        failures += answer.failures
        if answer.model_input.is_last:
            prediction = (
                event_prediction(
                    answer.model_input.event, tuple(photos), postprocessor, aggregation
                )
                if photos
                else None
            )
            yield EventResult(tuple(failures), prediction)
            photos, failures = [], []


def event_prediction(
    event: Event,
    photos: tuple[ImagePrediction, ...],
    postprocessor: Postprocessor,
    aggregation: Aggregation,
) -> EventPrediction:
    """What the photos say of the event together; one photo or more. Raises PluginError, see
    `aggregate`."""
    combined = aggregate(
        aggregation,
        [photo.probabilities for photo in photos],
        postprocessor.labels,
        postprocessor.multi_label,
    )
    shared = postprocessor.thresholds, postprocessor.multi_label
    return EventPrediction(event.id, postprocessor.labels, combined, photos, event.meta, *shared)


def _run_batches(
    model: Model, postprocessor: Postprocessor, stream: Iterator[ModelInput], config: PipelineConfig
) -> Iterator[InputResult[ModelInput]]:
    preprocessing = model.info.preprocessing
    shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
    free = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
    waiting: deque[InferenceBatch[ModelInput]] = deque()
    # the pool's threads are the parallelism; OpenCV's own would fight with them
    workers = config.threads + model.is_on_device
    pool = ThreadPoolExecutor(workers, "ctc-predict", initializer=cv2.setNumThreads, initargs=(1,))
    try:
        while True:
            while free and (chosen := list(islice(stream, config.batch_size))):
                batch = InferenceBatch(chosen, free.pop())
                waiting.append(batch)
                for place in range(len(chosen)):
                    pool.submit(batch.fill, place, model, postprocessor, config.truncated)
            if not waiting:
                return
            batch = waiting.popleft()
            answers = batch.results.result()
            free.append(batch.buffer)
            yield from answers
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
