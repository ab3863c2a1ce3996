"""The prediction pipeline: events in, one result per event out.

    events → model inputs → batches → threads, which read, decode and resize one input each; the one
    that completes a batch runs the network on it → input results, in order → aggregation → event
    results

Every thread decodes and runs the network in turn, so that no core waits for another and threads
need not be divided between the two. A device runs one batch at a time, while one thread more than
there are cores keeps decoding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.images import read_photo
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event
from ctc.inference.pipeline.aggregation import aggregate
from ctc.inference.pipeline.batch import InferenceBatch, InputResult
from ctc.inference.pipeline.inputs import ModelInput, ReadPhoto, model_inputs
from ctc.inference.pipeline.prefetch import prefetch
from ctc.inference.postprocess import Postprocessor
from ctc.plugin import Aggregation
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.session import Model


@dataclass(frozen=True)
class PipelineConfig:
    """Settings of the pipeline; a `runtime` without a batch size has batches of one input."""

    runtime: RuntimeConfig = DEFAULT_RUNTIME
    truncated: TruncatedPolicy = "fail"

    @property
    def batch_size(self) -> int:
        """The number of network inputs per batch."""
        return self.runtime.batch_size or 1

    @property
    def batches_in_flight(self) -> int:
        """The number of batches in memory: enough that each thread has two photos to decode while
        the network runs."""
        return 2 + -(-2 * self.runtime.threads // self.batch_size)


@dataclass(frozen=True, slots=True)
class EventResult:
    """The result of one event: a failure for each photo that can't be used, and a prediction if at
    least one can."""

    failures: tuple[Failure, ...]
    prediction: EventPrediction | None

    @property
    def event_id(self) -> str:
        """The id of the event."""
        return self.prediction.id if self.prediction else self.failures[0].event_id

    @property
    def photos(self) -> int:
        """The number of photos that came in."""
        good = len(self.prediction.images) if self.prediction else 0
        return good + sum(not failure.of_event for failure in self.failures)

    @property
    def entries(self) -> tuple[EventPrediction | Failure, ...]:
        """What an output format takes: the failures, then the prediction."""
        return (*self.failures, self.prediction) if self.prediction else self.failures


def predict(
    model: Model,
    postprocessor: Postprocessor,
    events: Iterable[Event],
    aggregation: Aggregation,
    config: PipelineConfig,
    read: ReadPhoto = read_photo,
) -> Generator[EventResult]:
    """Yield the result of each event, in the order of the events; `read` reads a photo."""
    photos: list[ImagePrediction] = []
    failures: list[Failure] = []
    stream = prefetch(model_inputs(events, model.info.preprocessing.is_stacked, read))
    for result in _run_batches(model, postprocessor, stream, config):
        photos += result.photos
        event_id = result.model_input.event.id
        failures += [replace(failure, event_id=event_id) for failure in result.failures]
        if result.model_input.is_last:
            event = result.model_input.event
            prediction = (
                event_prediction(event, tuple(photos), postprocessor, aggregation)
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
    """Aggregate the predictions of an event's photos, of which there is at least one.

    Raises PluginError, see `aggregate`.
    """
    schema = postprocessor.schema
    combined = aggregate(aggregation, photos, schema.labels, schema.multi_label)
    return EventPrediction.from_schema(schema, event.id, combined, photos, event.meta)


def _run_batches(
    model: Model, postprocessor: Postprocessor, stream: Iterator[ModelInput], config: PipelineConfig
) -> Iterator[InputResult[ModelInput]]:
    preprocessing = model.info.preprocessing
    shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
    free = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
    waiting: deque[InferenceBatch[ModelInput]] = deque()
    # OpenCV's own threads would compete with those of the pool
    threads = config.runtime.threads + model.is_on_device
    pool = ThreadPoolExecutor(threads, "ctc-predict", initializer=cv2.setNumThreads, initargs=(1,))
    try:
        while True:
            while free and (chosen := list(islice(stream, config.batch_size))):
                batch = InferenceBatch(chosen, free.pop())
                waiting.append(batch)
                for index in range(len(chosen)):
                    pool.submit(batch.fill, index, model, postprocessor, config.truncated)
            if not waiting:
                return
            batch = waiting.popleft()
            results = batch.results.result()
            free.append(batch.buffer)
            yield from results
    except (KeyboardInterrupt, SystemExit):  # the process ends: don't wait for an endless network
        pool.shutdown(wait=False, cancel_futures=True)
        model.interrupt()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
