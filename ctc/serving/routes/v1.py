"""`/v1`: TensorFlow Serving's REST API, photos as files, and events by time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from ctc.serving.http.responses import JSONResponse
from ctc.serving.inputs import EncodedImage, EventRequest
from ctc.serving.protocols import multipart, tfserving
from ctc.serving.protocols.event_grouping import aggregate_events
from ctc.serving.protocols.json_fields import bad_request
from ctc.serving.protocols.responses import model_details, predictions_json, require_predictions
from ctc.serving.service import Service

ANSWERS = ("names", "arrays")
FAILURES = ("refuse", "tell")
RAW_CONTENT_TYPES = ("image/", "application/octet-stream")


class V1Routes:
    """Endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def models(self, request: Request) -> Response:
        models = [model_details(model) for model in self._service.registry.all()]
        return JSONResponse({"models": models})

    async def status(self, request: Request) -> Response:
        model = self._service.find_model(request)
        return JSONResponse(tfserving.status(model, model_details(model)))

    async def metadata(self, request: Request) -> Response:
        model = self._service.find_model(request)
        return JSONResponse(tfserving.metadata(model, model_details(model)))

    async def predict(self, request: Request) -> Response:
        model = self._service.find_model(request)
        answers = _query_choice(request, "answers", ANSWERS)
        failures = _query_choice(request, "failures", FAILURES)
        async with self._service.read_body(request) as body:
            events = await asyncio.to_thread(
                self._parse_request, request.headers.get("content-type", ""), body
            )
            results = await self._service.predict(request, model, events)
        if answers == "arrays":
            return JSONResponse(tfserving.predict_response(results))
        if failures == "refuse" and not any(result.prediction for result in results):
            require_predictions(results)
        return JSONResponse(predictions_json(model, results, [event.id for event in events]))

    async def events(self, request: Request) -> Response:
        model = self._service.find_model(request)
        aggregation = self._service.config.aggregation
        async with self._service.read_body(request) as body:
            return JSONResponse(await asyncio.to_thread(aggregate_events, body, model, aggregation))

    def _parse_request(self, content_type: str, body: bytes) -> list[EventRequest]:
        """Parse a form or a photo by content type; any other type, as of `curl -d`, as JSON."""
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == multipart.CONTENT_TYPE:
            return multipart.parse_request(content_type, body, self._service.config.limits)
        if media_type.startswith(RAW_CONTENT_TYPES):
            return [EventRequest("0", (EncodedImage("0", body),))]
        return tfserving.parse_request(body, self._service.config.limits)


def _query_choice(request: Request, name: str, choices: tuple[str, str]) -> str:
    """Return a query parameter, the first choice by default; raises ApiError for another value."""
    value = request.query_params.get(name, choices[0])
    if value not in choices:
        raise bad_request(f"'{name}' is '{value}', not '{choices[0]}' or '{choices[1]}'")
    return value
