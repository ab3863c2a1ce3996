"""`/v2`: the Open Inference Protocol (KServe v2)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from ctc.serving.http.responses import JSONResponse
from ctc.serving.protocols import kserve
from ctc.serving.protocols.responses import require_predictions
from ctc.serving.service import Service


class V2Routes:
    """Endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def server(self, request: Request) -> Response:
        return JSONResponse(kserve.server_metadata())

    async def live(self, request: Request) -> Response:
        """Answer both health checks: the server listens only once every model is loaded."""
        return JSONResponse({"live": True, "ready": True})

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(kserve.model_metadata(self._service.find_model(request)))

    async def ready(self, request: Request) -> Response:
        return JSONResponse({"name": self._service.find_model(request).name, "ready": True})

    async def infer(self, request: Request) -> Response:
        model = self._service.find_model(request)
        async with self._service.read_body(request) as body:
            length = request.headers.get(kserve.HEADER_LENGTH)
            infer = await asyncio.to_thread(
                kserve.parse_request, body, length, model, self._service.config.limits
            )
            results = await self._service.predict(request, model, infer.events)
        predictions = require_predictions(results)
        content, json_length = await self._service.compute(
            request, lambda check: kserve.build_response(model, infer, predictions)
        )
        if json_length is None:
            return Response(content, media_type="application/json")
        return Response(
            content,
            media_type="application/octet-stream",
            headers={kserve.HEADER_LENGTH: str(json_length)},
        )
