"""The state that all routes share: models, limits, metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request

from ctc.errors import shorten
from ctc.images.clips.frame_choice import FrameChoice
from ctc.inference.classification import EventResult
from ctc.serving.config import ServeConfig
from ctc.serving.corrections import CorrectionKeeper
from ctc.serving.http.body import read_body
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST, ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.http.request_log import request_record
from ctc.serving.inputs import EventRequest
from ctc.serving.models.predictor import Predictor
from ctc.serving.models.registry import LoadedModel, ModelRegistry

T = TypeVar("T")
Check = Callable[[], None]
"""Raises ApiError once nobody waits for the result of a computation."""


class Service:
    """The models, limits and metrics of a server, and what keeps corrections, if anything does.

    Raises CtcError when a model or the store can't be opened.
    """

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self.registry = ModelRegistry(config, self.metrics)
        self.corrections = None if config.store is None else CorrectionKeeper(config.store)
        self._predictor = Predictor(config, self.metrics)
        capacity = config.limits.max_inflight_bytes
        self._inflight = CapacityLimiter(
            capacity,
            f"{capacity / 1e6:g} MB of requests are in progress",
            self.metrics.set_inflight_bytes,
        )

        self._grouping = CapacityLimiter(
            config.limits.max_grouped_photos,
            "the photos of other requests are being grouped",
            lambda used: None,
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Check the model files while the server runs, and stop the threads at the end."""
        stopping = threading.Event()
        if self.config.poll_interval:
            # a daemon: opening a changed file may take long, and must not keep the process alive
            polling = partial(self._poll_model_files, stopping)
            threading.Thread(target=polling, name="ctc-reload", daemon=True).start()
        try:
            yield
        finally:
            stopping.set()
            await asyncio.to_thread(self.registry.close)
            if self.corrections:
                await asyncio.to_thread(self.corrections.close)

    def find_model(self, request: Request) -> LoadedModel:
        """Return the model that the path names; raises ApiError (404) when there is none."""
        model = self.registry[request.path_params["name"]]
        version = request.path_params.get("version", str(model.version))
        if version != str(model.version):
            raise ApiError(
                HTTPStatus.NOT_FOUND,
                f"model '{model.name}' has no version '{shorten(version)}': "
                f"its version is '{model.version}'",
            )
        request_record(request.scope).model = model.name
        return model

    def read_body(self, request: Request) -> AbstractAsyncContextManager[bytes]:
        """Read the body within the limits of the server; see `read_body` in http/body.py."""
        return read_body(request, self.config.limits, self._inflight)

    async def predict(
        self,
        request: Request,
        model: LoadedModel,
        events: Sequence[EventRequest],
        frames: FrameChoice | None = None,
    ) -> list[EventResult]:
        """Return the result of each event, in order.

        `frames`: which ones of clips are used; by default as the configuration says.
        Raises ApiError when it takes too long, there are too many photos or the client leaves;
        CtcError when the network can't be run.
        """
        record = request_record(request.scope)
        record.photos = sum(len(event.photos) for event in events)
        working = self._predictor.predict(model, events, frames or self.config.frames)
        results = await self._run_with_timeout(request, working)
        record.photos = sum(map(_photos, results))  # with the frames of clips
        return results

    async def compute(self, request: Request, work: Callable[[Check], T]) -> T:
        """Return what `work` returns, run in a thread.

        `work` is to call its argument often: it raises ApiError once nobody waits for the result.
        Raises ApiError when it takes too long or the client leaves.
        """
        is_unwanted = threading.Event()

        def check() -> None:
            if is_unwanted.is_set():
                raise ApiError(CLIENT_CLOSED_REQUEST, "nobody waits for the result any more")

        try:
            return await self._run_with_timeout(request, asyncio.to_thread(work, check))
        finally:
            is_unwanted.set()

    def reserve_grouping(self, photos: int) -> AbstractContextManager[object]:
        """Reserve the grouping of that many photos; raises ApiError (429) for too many."""
        return self._grouping.reserve(photos)

    async def _run_with_timeout(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of `work`, cancelled on timeout or when the client disconnects.

        The body must have been read.
        """
        seconds = self.config.limits.timeout
        working = asyncio.ensure_future(work)
        disconnected = asyncio.ensure_future(request.receive())
        try:
            done, _ = await asyncio.wait(
                {working, disconnected}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if working in done:
                return working.result()
        finally:
            working.cancel()
            disconnected.cancel()
        if disconnected in done:
            raise ApiError(CLIENT_CLOSED_REQUEST, "the client closed the connection")
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT,
            f"no response within {seconds:g} s: send fewer photos at a time, or try again later",
        )

    def _poll_model_files(self, stopping: threading.Event) -> None:
        pending: dict[str, Any] = {}
        while not stopping.wait(self.config.poll_interval):
            pending = self.registry.reload_changed(pending)


def _photos(result: EventResult) -> int:
    return len(result.failures) + (len(result.prediction.images) if result.prediction else 0)
