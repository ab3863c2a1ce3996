"""The state that all routes share: models, limits, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request

from ctc.inference.pipeline.pipeline import EventResult
from ctc.serving.config import ServeConfig
from ctc.serving.http.body import read_body
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST, ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.http.request_log import request_record
from ctc.serving.inputs import EventRequest
from ctc.serving.models.predictor import Predictor
from ctc.serving.models.registry import LoadedModel, ModelRegistry

T = TypeVar("T")


class Service:
    """The models, limits and metrics of a server.

    Raises CtcError when a model can't be opened.
    """

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self.registry = ModelRegistry(config, self.metrics)
        self._predictor = Predictor(config, self.metrics)
        capacity = config.limits.max_inflight_bytes
        self._inflight = CapacityLimiter(
            capacity,
            f"{capacity / 1e6:g} MB of requests are in progress",
            self.metrics.set_inflight_bytes,
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Check the model files while the server runs, and stop the threads at the end."""
        polling = (
            asyncio.create_task(self._poll_model_files()) if self.config.poll_interval else None
        )
        try:
            yield
        finally:
            if polling:
                polling.cancel()
                with suppress(asyncio.CancelledError):
                    await polling
            await asyncio.to_thread(self.registry.close)

    def find_model(self, request: Request) -> LoadedModel:
        """Return the model that the path names; raises ApiError (404) when there is none."""
        model = self.registry[request.path_params["name"]]
        request_record(request.scope).model = model.name
        return model

    def read_body(self, request: Request) -> AbstractAsyncContextManager[bytes]:
        """Read the body within the limits of the server; see `read_body` in http/body.py."""
        return read_body(request, self.config.limits, self._inflight)

    async def predict(
        self, request: Request, model: LoadedModel, events: Sequence[EventRequest]
    ) -> list[EventResult]:
        """Return the result of each event, in order.

        Raises ApiError when it takes too long, there are too many photos or the client leaves;
        CtcError when the network can't be run.
        """
        request_record(request.scope).photos = sum(len(event.photos) for event in events)
        return await self._run_with_timeout(request, self._predictor.predict(model, events))

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

    async def _poll_model_files(self) -> None:
        pending: dict[str, Any] = {}
        while True:
            await asyncio.sleep(self.config.poll_interval)
            pending = await asyncio.to_thread(self.registry.reload_changed, pending)
