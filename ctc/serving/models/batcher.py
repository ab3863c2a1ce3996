"""Photos of several requests, united into batches for the network.

A batch goes off when it is full, or when its first photo has waited long enough, as soon as there
is a free buffer for it. Everything here happens in the event loop but the filling of batches, which
worker threads do as in `ctc predict`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.inference.pipeline.batch import InferenceBatch, InputResult
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import Postprocessor
from ctc.runtime.session import Model
from ctc.serving.inputs import RequestInput

PendingResult = asyncio.Future[InputResult[RequestInput]]
BatchCallback = Callable[[int], None]


class _QueuedInput(NamedTuple):
    model_input: RequestInput
    future: PendingResult
    enqueued_at: float


class DynamicBatcher:
    """Where pieces wait for one model. `max_wait`: seconds that a piece may wait for others;
    `on_batch` is told the size of each batch."""

    def __init__(
        self,
        model: Model,
        postprocessor: Postprocessor,
        config: PipelineConfig,
        max_wait: float,
        pool: Executor,
        on_batch: BatchCallback,
    ) -> None:
        self._model, self._postprocessor, self._config = model, postprocessor, config
        self._max_wait, self._pool, self._on_batch = max_wait, pool, on_batch
        preprocessing = model.info.preprocessing
        shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
        self._free_buffers = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
        self._queue: deque[_QueuedInput] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, inputs: Sequence[RequestInput]) -> list[PendingResult]:
        """A future for the answer to each piece. One that is cancelled before its batch goes off
        costs nothing."""
        loop = asyncio.get_running_loop()
        asked = [_QueuedInput(piece, loop.create_future(), loop.time()) for piece in inputs]
        self._queue.extend(asked)
        self._dispatch()
        return [one.future for one in asked]

    def _dispatch(self) -> None:
        while self._free_buffers and (chosen := self._take_batch()):
            self._start_batch(chosen)

    def _take_batch(self) -> list[_QueuedInput]:
        """What the next batch holds; nothing when there is reason to wait."""
        while self._queue and self._queue[0].future.done():
            self._queue.popleft()
        if not self._queue:
            return []
        loop = asyncio.get_running_loop()
        patience = self._queue[0].enqueued_at + self._max_wait - loop.time()
        if len(self._queue) < self._config.batch_size and patience > 0:
            self._timer = self._timer or loop.call_later(patience, self._on_timer)
            return []
        chosen: list[_QueuedInput] = []
        while self._queue and len(chosen) < self._config.batch_size:
            one = self._queue.popleft()
            if not one.future.done():
                chosen.append(one)
        return chosen

    def _on_timer(self) -> None:
        self._timer = None
        self._dispatch()

    def _start_batch(self, entries: list[_QueuedInput]) -> None:
        loop, buffer = asyncio.get_running_loop(), self._free_buffers.pop()
        # devices tune for one size; a CPU would only compute the empty places in vain
        places = buffer if self._model.is_on_device else buffer[: len(entries)]
        batch = InferenceBatch([one.model_input for one in entries], places)
        self._on_batch(len(entries))

        def landed(answers: Future[list[InputResult[RequestInput]]]) -> None:
            loop.call_soon_threadsafe(self._complete, entries, buffer, answers)

        batch.results.add_done_callback(landed)
        for place in range(len(entries)):
            self._pool.submit(
                batch.fill, place, self._model, self._postprocessor, self._config.truncated
            )

    def _complete(
        self,
        entries: list[_QueuedInput],
        buffer: NDArray[np.uint8],
        results: Future[list[InputResult[RequestInput]]],
    ) -> None:
        self._free_buffers.append(buffer)
        error = results.exception()
        for place, one in enumerate(entries):
            if one.future.done():
                continue
            if error is None:
                one.future.set_result(results.result()[place])
            else:
                one.future.set_exception(error)
        self._dispatch()
