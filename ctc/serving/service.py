"""What all routes share: the models, and how a request becomes an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

from starlette.requests import Request

from ctc.inference.pipeline.pipeline import EventResult
from ctc.serving.config import ServeConfig
from ctc.serving.http.body import read_body
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST, GATEWAY_TIMEOUT, ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.http.request_log import request_record
from ctc.serving.inputs import EventRequest
from ctc.serving.models.predictor import Predictor
from ctc.serving.models.registry import LoadedModel, ModelRegistry

T = TypeVar("T")


class Service:
    """The models, and what is known of requests. Raises CtcError when a model can't be opened."""

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self.registry = ModelRegistry(config, self.metrics)
        self._predictor = Predictor(config, self.metrics)
        under_way = (
            f"{config.limits.max_inflight_bytes / 1e6:g} MB of requests are under way already"
        )
        self._inflight = CapacityLimiter(
            config.limits.max_inflight_bytes, under_way, self.metrics.set_inflight_bytes
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """While the server runs: model files are looked at, and at the end the threads leave."""
        watch = asyncio.create_task(self._poll_model_files()) if self.config.poll_interval else None
        try:
            yield
        finally:
            if watch:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch
            await asyncio.to_thread(self.registry.close)

    def find_model(self, request: Request) -> LoadedModel:
        """The model that the path names; raises RequestError when there is none."""
        served = self.registry[request.path_params["name"]]
        request_record(request.scope).model = served.name
        return served

    def read_body(self, request: Request) -> AbstractAsyncContextManager[bytes]:
        """See `read_body`."""
        return read_body(request, self.config.limits, self._inflight)

    async def predict(
        self, request: Request, model: LoadedModel, events: Sequence[EventRequest]
    ) -> list[EventResult]:
        """What the model says, in time. Raises RequestError, or CtcError when the network can't be
        run."""
        request_record(request.scope).photos = sum(len(event.photos) for event in events)
        return await self._run_with_timeout(request, self._predictor.predict(model, events))

    async def _run_with_timeout(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        """What comes of `work`, which is given up when it takes too long or the client goes away.
        The body must have been read."""
        seconds = self.config.limits.timeout
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
        try:
            done, _ = await asyncio.wait(
                {working, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if working in done:
                return working.result()
        finally:
            working.cancel()
            leaving.cancel()
        if leaving in done:
            raise ApiError(CLIENT_CLOSED_REQUEST, "the client has gone")
        raise ApiError(
            GATEWAY_TIMEOUT,
            f"no answer within {seconds:g} s: send fewer photos at a time, or try later",
        )

    async def _poll_model_files(self) -> None:
        unsettled: dict[str, Any] = {}
        while True:
            await asyncio.sleep(self.config.poll_interval)
            unsettled = await asyncio.to_thread(self.registry.reload_changed, unsettled)
