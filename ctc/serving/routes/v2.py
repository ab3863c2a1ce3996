"""`/v2`: the Open Inference Protocol (KServe v2)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from ctc.serving.http.responses import JsonReply
from ctc.serving.protocols import kserve
from ctc.serving.protocols.responses import refuse_failures
from ctc.serving.service import Service


class V2Routes:
    """Endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def server(self, request: Request) -> Response:
        return JsonReply(kserve.server_metadata())

    async def live(self, request: Request) -> Response:
        """Live and ready are one: nothing listens before every model is open."""
        return JsonReply({"live": True, "ready": True})

    async def metadata(self, request: Request) -> Response:
        return JsonReply(kserve.model_metadata(self._service.model(request)))

    async def ready(self, request: Request) -> Response:
        return JsonReply({"name": self._service.model(request).name, "ready": True})

    async def infer(self, request: Request) -> Response:
        served = self._service.model(request)
        async with self._service.body(request) as body:
            length = request.headers.get(kserve.HEADER_LENGTH)
            infer = await asyncio.to_thread(kserve.asked, body, length, served, self._service.config.limits)
            outcomes = await self._service.ask(request, served, infer.events)
        answer, json_length = kserve.answer(served, infer, refuse_failures(outcomes))
        if json_length is None:
            return Response(answer, media_type="application/json")
        return Response(answer, media_type="application/octet-stream", headers={kserve.HEADER_LENGTH: str(json_length)})
