"""What a request gets that the end of the server leaves unanswered."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from ctc.serving.replies import refused
from ctc.serving.request_error import STOPPING, RequestError
from ctc.serving.visit import visit_of


class RefuseWhenStopped:
    """Around the application: uvicorn cancels what is still under way when the grace is over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or visit_of(scope).begun:
                raise
            await refused(scope, RequestError(STOPPING, "the server is stopping: ask again"))(scope, receive, send)
