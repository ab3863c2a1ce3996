"""The prediction pipeline: events in, one result per event out.

    events → model inputs → batches → threads, which read, decode and resize one input each; the one
    that completes a batch runs the network on it → input results, in order → results of events

What the network is asked, and what its answers become, is the task's: see `ctc/inference/task.py`.

Every thread decodes and runs the network in turn, so that no core waits for another and threads
need not be divided between the two. A device runs one batch at a time, while one thread more than
there are cores keeps decoding.

With `decode="gpu"` threads only read JPEGs and their headers; the one that completes a batch lets
the GPU decode it, see `ctc/inference/gpu_decode`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import cv2
import numpy as np

from ctc.artifacts.predictions import Failure
from ctc.images import read_photo
from ctc.inference.config import DecodeDevice, TruncatedPolicy
from ctc.inference.events.event import Event
from ctc.inference.gpu_decode.decoder import GpuDecoder
from ctc.inference.gpu_decode.device import decoder_device
from ctc.inference.pipeline.batch import InferenceBatch, InputResult
from ctc.inference.pipeline.inputs import ModelInput, ReadPhoto, model_inputs
from ctc.inference.pipeline.prefetch import prefetch
from ctc.inference.task import EventT, PhotoModel, PhotoT, TaskResult
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig


@dataclass(frozen=True)
class PipelineConfig:
    """Settings of the pipeline; a `runtime` without a batch size has batches of one input."""

    runtime: RuntimeConfig = DEFAULT_RUNTIME
    truncated: TruncatedPolicy = "fail"
    decode: DecodeDevice = "cpu"

    @property
    def batch_size(self) -> int:
        """The number of network inputs per batch."""
        return self.runtime.batch_size or 1

    @property
    def batches_in_flight(self) -> int:
        """The number of batches in memory: enough that each thread has two photos to decode while
        the network runs."""
        return 2 + -(-2 * self.runtime.threads // self.batch_size)


def run_pipeline(
    model: PhotoModel[PhotoT, EventT],
    events: Iterable[Event],
    config: PipelineConfig,
    read: ReadPhoto = read_photo,
) -> Generator[TaskResult[EventT]]:
    """Yield the result of each event, in the order of the events; `read` reads a photo."""
    photos: list[PhotoT] = []
    failures: list[Failure] = []
    decoder = _open_decoder(model, config)
    stream = prefetch(model_inputs(events, model.preprocessing.is_stacked, read, decoder))
    for result in _run_batches(model, stream, config, decoder):
        photos += result.photos
        event_id = result.model_input.event.id
        failures += [replace(failure, event_id=event_id) for failure in result.failures]
        if result.model_input.is_last:
            event = result.model_input.event
            answer = model.event(event, tuple(photos)) if photos else None
            yield TaskResult(tuple(failures), answer)
            photos, failures = [], []


def _open_decoder(model: PhotoModel[Any, Any], config: PipelineConfig) -> GpuDecoder | None:
    """Return what decodes JPEGs in place of the CPU, if anything does."""
    if config.decode == "cpu":
        return None
    device = decoder_device(model.network.runtime.provider, model.preprocessing)
    return GpuDecoder(model.preprocessing, config.batch_size, config.runtime.threads, device)


def _run_batches(
    model: PhotoModel[Any, Any],
    stream: Iterator[ModelInput],
    config: PipelineConfig,
    decoder: GpuDecoder | None,
) -> Iterator[InputResult[ModelInput]]:
    preprocessing = model.preprocessing
    shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
    free = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
    waiting: deque[InferenceBatch[ModelInput]] = deque()
    # OpenCV's own threads would compete with those of the pool
    threads = config.runtime.threads + model.network.is_on_device
    pool = ThreadPoolExecutor(threads, "ctc-predict", initializer=cv2.setNumThreads, initargs=(1,))
    try:
        while True:
            while free and (chosen := list(islice(stream, config.batch_size))):
                batch = InferenceBatch(chosen, free.pop(), decoder)
                waiting.append(batch)
                for index in range(len(chosen)):
                    pool.submit(batch.fill, index, model, config.truncated)
            if not waiting:
                return
            batch = waiting.popleft()
            results = batch.results.result()
            free.append(batch.buffer)
            yield from results
    except (KeyboardInterrupt, SystemExit):  # the process ends: don't wait for an endless network
        pool.shutdown(wait=False, cancel_futures=True)
        model.network.interrupt()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
