"""`/v1`: TensorFlow Serving's REST form, with photos as files beside it, and events by time."""

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
        return JSONResponse(
            {"models": [model_details(served) for served in self._service.registry.all()]}
        )

    async def status(self, request: Request) -> Response:
        served = self._service.find_model(request)
        return JSONResponse(tfserving.status(served, model_details(served)))

    async def metadata(self, request: Request) -> Response:
        served = self._service.find_model(request)
        return JSONResponse(tfserving.metadata(served, model_details(served)))

    async def predict(self, request: Request) -> Response:
        served = self._service.find_model(request)
        answers, failures = (
            _query_choice(request, "answers", ANSWERS),
            _query_choice(request, "failures", FAILURES),
        )
        async with self._service.read_body(request) as body:
            events = await asyncio.to_thread(
                self._parse_request, request.headers.get("content-type", ""), body
            )
            outcomes = await self._service.predict(request, served, events)
        if answers == "arrays":
            return JSONResponse(tfserving.predict_response(outcomes))
        if failures == "refuse" and not any(outcome.prediction for outcome in outcomes):
            require_predictions(outcomes)
        return JSONResponse(predictions_json(served, outcomes, [event.id for event in events]))

    async def events(self, request: Request) -> Response:
        served = self._service.find_model(request)
        async with self._service.read_body(request) as body:
            return JSONResponse(
                await asyncio.to_thread(
                    aggregate_events, body, served, self._service.config.aggregation
                )
            )

    def _parse_request(self, content_type: str, body: bytes) -> list[EventRequest]:
        """By its content type a body is a form or a photo; anything else, such as what `curl -d`
        declares, is taken for JSON."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind == multipart.CONTENT_TYPE:
            return multipart.parse_request(content_type, body, self._service.config.limits)
        if kind.startswith(RAW_CONTENT_TYPES):
            return [EventRequest("0", (EncodedImage("0", body),))]
        return tfserving.parse_request(body, self._service.config.limits)


def _query_choice(request: Request, name: str, choices: tuple[str, str]) -> str:
    """A parameter of the query, by default the first of its choices; raises RequestError for
    anything else."""
    value = request.query_params.get(name, choices[0])
    if value not in choices:
        raise bad_request(f"'{name}' is '{value}', not '{choices[0]}' or '{choices[1]}'")
    return value
