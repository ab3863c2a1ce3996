"""Photos of several requests, united into batches for the network.

A batch goes off when it is full, or when its first photo has waited long enough, as soon as there is a free buffer for it. Everything
here happens in the event loop but the filling of batches, which worker threads do as in `ctc predict`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.inference.pipeline.batch import Answer, Batch
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import Reading
from ctc.runtime.session import Model
from ctc.serving.inputs import Piece

Answered = asyncio.Future[Answer[Piece]]
OnBatch = Callable[[int], None]


class _Waiting(NamedTuple):
    piece: Piece
    answer: Answered
    since: float


class Line:
    """Where pieces wait for one model. `wait`: seconds that a piece may wait for others; `on_batch` is told the size of each batch."""

    def __init__(
        self, model: Model, reading: Reading, config: PipelineConfig, wait: float, pool: Executor, on_batch: OnBatch
    ) -> None:
        self._model, self._reading, self._config = model, reading, config
        self._wait, self._pool, self._on_batch = wait, pool, on_batch
        preprocessing = model.info.preprocessing
        shape = (config.batch_size, preprocessing.height, preprocessing.width, 3)
        self._free = [np.empty(shape, np.uint8) for _ in range(config.batches_in_flight)]
        self._waiting: deque[_Waiting] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def ask(self, pieces: Sequence[Piece]) -> list[Answered]:
        """A future for the answer to each piece. One that is cancelled before its batch goes off costs nothing."""
        loop = asyncio.get_running_loop()
        asked = [_Waiting(piece, loop.create_future(), loop.time()) for piece in pieces]
        self._waiting.extend(asked)
        self._send()
        return [one.answer for one in asked]

    def _send(self) -> None:
        while self._free and (chosen := self._next()):
            self._start(chosen)

    def _next(self) -> list[_Waiting]:
        """What the next batch holds; nothing when there is reason to wait."""
        while self._waiting and self._waiting[0].answer.done():
            self._waiting.popleft()
        if not self._waiting:
            return []
        loop = asyncio.get_running_loop()
        patience = self._waiting[0].since + self._wait - loop.time()
        if len(self._waiting) < self._config.batch_size and patience > 0:
            self._alarm = self._alarm or loop.call_later(patience, self._ring)
            return []
        chosen: list[_Waiting] = []
        while self._waiting and len(chosen) < self._config.batch_size:
            one = self._waiting.popleft()
            if not one.answer.done():
                chosen.append(one)
        return chosen

    def _ring(self) -> None:
        self._alarm = None
        self._send()

    def _start(self, chosen: list[_Waiting]) -> None:
        loop, buffer = asyncio.get_running_loop(), self._free.pop()
        # devices tune for one size; a CPU would only compute the empty places in vain
        places = buffer if self._model.on_device else buffer[: len(chosen)]
        batch = Batch([one.piece for one in chosen], places)
        self._on_batch(len(chosen))

        def landed(answers: Future[list[Answer[Piece]]]) -> None:
            loop.call_soon_threadsafe(self._land, chosen, buffer, answers)

        batch.answers.add_done_callback(landed)
        for place in range(len(chosen)):
            self._pool.submit(batch.fill, place, self._model, self._reading, self._config.truncated)

    def _land(self, chosen: list[_Waiting], buffer: NDArray[np.uint8], answers: Future[list[Answer[Piece]]]) -> None:
        self._free.append(buffer)
        error = answers.exception()
        for place, one in enumerate(chosen):
            if one.answer.done():
                continue
            if error is None:
                one.answer.set_result(answers.result()[place])
            else:
                one.answer.set_exception(error)
        self._send()
