"""What all routes share: the models, and how a request becomes an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

from starlette.requests import Request

from ctc.inference.pipeline.pipeline import Outcome
from ctc.serving.config import ServeConfig
from ctc.serving.http.body import body_of
from ctc.serving.http.capacity import Room
from ctc.serving.http.errors import GONE, TOO_LATE, RequestError
from ctc.serving.http.metrics import Metrics
from ctc.serving.http.request_log import visit_of
from ctc.serving.inputs import AskedEvent
from ctc.serving.models.predictor import Predictor
from ctc.serving.models.registry import Served, Shelf

T = TypeVar("T")


class Service:
    """The models, and what is known of requests. Raises CtcError when a model can't be opened."""

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self.shelf = Shelf(config, self.metrics)
        self._predictor = Predictor(config, self.metrics)
        under_way = f"{config.limits.held / 1e6:g} MB of requests are under way already"
        self._held = Room(config.limits.held, under_way, self.metrics.holds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the server runs: model files are looked at, and at the end the threads leave."""
        watch = asyncio.create_task(self._watch()) if self.config.reload else None
        try:
            yield
        finally:
            if watch:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch
            await asyncio.to_thread(self.shelf.close)

    def model(self, request: Request) -> Served:
        """The model that the path names; raises RequestError when there is none."""
        served = self.shelf[request.path_params["name"]]
        visit_of(request.scope).model = served.name
        return served

    def body(self, request: Request) -> AbstractAsyncContextManager[bytes]:
        """See `body_of`."""
        return body_of(request, self.config.limits, self._held)

    async def ask(self, request: Request, served: Served, events: Sequence[AskedEvent]) -> list[Outcome]:
        """What the model says, in time. Raises RequestError, or CtcError when the network can't be run."""
        visit_of(request.scope).photos = sum(len(event.photos) for event in events)
        return await self._in_time(request, self._predictor.ask(served, events))

    async def _in_time(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        """What comes of `work`, which is given up when it takes too long or the client goes away. The body must have been read."""
        seconds = self.config.limits.seconds
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
        try:
            done, _ = await asyncio.wait({working, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if working in done:
                return working.result()
        finally:
            working.cancel()
            leaving.cancel()
        if leaving in done:
            raise RequestError(GONE, "the client has gone")
        raise RequestError(TOO_LATE, f"no answer within {seconds:g} s: send fewer photos at a time, or try later")

    async def _watch(self) -> None:
        unsettled: dict[str, Any] = {}
        while True:
            await asyncio.sleep(self.config.reload)
            unsettled = await asyncio.to_thread(self.shelf.refresh, unsettled)
