"""Dynamic batching: photos of several requests share the batches of the network.

A batch starts when it is full, or when its first photo has waited for the maximum time, as soon as
a buffer is free. All of this runs in the event loop, except that worker threads fill the batches
and run the network, as in `ctc predict`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.inference.pipeline.batch import InferenceBatch, InputResult
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.task import PhotoModel
from ctc.runtime.batch_size import padded_size
from ctc.serving.inputs import RequestInput

PendingResult = asyncio.Future[InputResult[RequestInput]]
BatchCallback = Callable[[int], None]


class _QueuedInput(NamedTuple):
    model_input: RequestInput
    future: PendingResult
    enqueued_at: float


class DynamicBatcher:
    """The input queue of one model.

    `max_wait`: seconds that an input may wait for others; `on_batch` is called with the size of
    each batch.
    """

    def __init__(
        self,
        model: PhotoModel[ImagePrediction, EventPrediction],
        config: PipelineConfig,
        max_wait: float,
        pool: Executor,
        on_batch: BatchCallback,
    ) -> None:
        self._model, self._config = model, config
        self._max_wait, self._pool, self._on_batch = max_wait, pool, on_batch
        preprocessing = model.preprocessing
        shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
        self._free_buffers = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
        self._queue: deque[_QueuedInput] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, inputs: Sequence[RequestInput]) -> list[PendingResult]:
        """Queue the inputs and return a future for the result of each.

        An input whose future is cancelled before its batch starts is dropped.
        """
        loop = asyncio.get_running_loop()
        entries = [_QueuedInput(one, loop.create_future(), loop.time()) for one in inputs]
        self._queue.extend(entries)
        self._dispatch()
        return [entry.future for entry in entries]

    def _dispatch(self) -> None:
        while self._free_buffers and (entries := self._take_batch()):
            self._start_batch(entries)

    def _take_batch(self) -> list[_QueuedInput]:
        """Return the entries of the next batch, none while it should wait."""
        while self._queue and self._queue[0].future.done():
            self._queue.popleft()
        if not self._queue:
            return []
        loop = asyncio.get_running_loop()
        remaining = self._queue[0].enqueued_at + self._max_wait - loop.time()
        if len(self._queue) < self._config.batch_size and remaining > 0:
            self._timer = self._timer or loop.call_later(remaining, self._on_timer)
            return []
        entries: list[_QueuedInput] = []
        while self._queue and len(entries) < self._config.batch_size:
            entry = self._queue.popleft()
            if not entry.future.done():
                entries.append(entry)
        return entries

    def _on_timer(self) -> None:
        self._timer = None
        self._dispatch()

    def _start_batch(self, entries: list[_QueuedInput]) -> None:
        loop, buffer = asyncio.get_running_loop(), self._free_buffers.pop()
        slots = padded_size(self._model.network, len(entries), self._config.batch_size)
        batch = InferenceBatch([entry.model_input for entry in entries], buffer[:slots])
        self._on_batch(len(entries))

        def on_done(results: Future[list[InputResult[RequestInput]]]) -> None:
            loop.call_soon_threadsafe(self._complete, entries, buffer, results)

        batch.results.add_done_callback(on_done)
        for slot in range(len(entries)):
            self._pool.submit(batch.fill, slot, self._model, self._config.truncated)

    def _complete(
        self,
        entries: list[_QueuedInput],
        buffer: NDArray[np.uint8],
        results: Future[list[InputResult[RequestInput]]],
    ) -> None:
        self._free_buffers.append(buffer)
        error = results.exception()
        for slot, entry in enumerate(entries):
            if entry.future.done():
                continue
            if error is None:
                entry.future.set_result(results.result()[slot])
            else:
                entry.future.set_exception(error)
        self._dispatch()
