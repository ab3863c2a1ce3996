"""`/v1`: TensorFlow Serving's REST API, photos as files, and events by time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from ctc.serving.http.errors import ApiError
from ctc.serving.http.query import QueryChoices, query_choice
from ctc.serving.http.responses import JSONResponse
from ctc.serving.inputs import EncodedImage, EventRequest
from ctc.serving.protocols import multipart, tfserving
from ctc.serving.protocols.correction import parse_correction
from ctc.serving.protocols.event_grouping import aggregate_events, estimate_photos
from ctc.serving.protocols.responses import model_details, predictions_json, require_predictions
from ctc.serving.service import Check, Service

QUERY_CHOICES: QueryChoices = {"answers": ("names", "arrays"), "failures": ("refuse", "tell")}
RAW_CONTENT_TYPES = ("image/", "application/octet-stream")


class V1Routes:
    """Endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def models(self, request: Request) -> Response:
        models = [model_details(model) for model in self._service.registry.all()]
        keeps = {"keeps_corrections": True} if self._service.corrections else {}
        return JSONResponse({"models": models, **keeps})

    async def status(self, request: Request) -> Response:
        model = self._service.find_model(request)
        return JSONResponse(tfserving.status(model, model_details(model)))

    async def metadata(self, request: Request) -> Response:
        model = self._service.find_model(request)
        return JSONResponse(tfserving.metadata(model, model_details(model)))

    async def predict(self, request: Request) -> Response:
        model = self._service.find_model(request)
        answers = query_choice(request, "answers", QUERY_CHOICES)
        failures = query_choice(request, "failures", QUERY_CHOICES)
        async with self._service.read_body(request) as body:
            events = await asyncio.to_thread(
                self._parse_request, request.headers.get("content-type", ""), body
            )
            results = await self._service.predict(request, model, events)
        if failures == "refuse" and not any(result.prediction for result in results):
            require_predictions(results)

        def respond(check: Check) -> Response:
            if answers == "arrays":
                return JSONResponse(tfserving.predict_response(results))
            return JSONResponse(predictions_json(model, results, [event.id for event in events]))

        return await self._service.compute(request, respond)

    async def events(self, request: Request) -> Response:
        model = self._service.find_model(request)
        aggregation = self._service.config.aggregation
        limit = self._service.config.limits.max_grouped_photos
        async with self._service.read_body(request) as body:
            with self._service.reserve_grouping(min(limit, estimate_photos(body, model))):
                return await self._service.compute(
                    request,
                    lambda check: JSONResponse(
                        aggregate_events(body, model, aggregation, limit, check)
                    ),
                )

    async def corrections(self, request: Request) -> Response:
        model = self._service.find_model(request)
        keeper = self._service.corrections
        if keeper is None:
            raise ApiError(
                HTTPStatus.NOT_FOUND,
                "this server keeps no corrections: `ctc serve --store FILE` does",
            )
        async with self._service.read_body(request) as body:
            return await self._service.compute(
                request, lambda check: JSONResponse(keeper.keep(parse_correction(body, model)))
            )

    def _parse_request(self, content_type: str, body: bytes) -> list[EventRequest]:
        """Parse a form or a photo by content type; any other type, as of `curl -d`, as JSON."""
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == multipart.CONTENT_TYPE:
            return multipart.parse_request(content_type, body, self._service.config.limits)
        if media_type.startswith(RAW_CONTENT_TYPES):
            return [EventRequest("0", (EncodedImage("0", body),))]
        return tfserving.parse_request(body, self._service.config.limits)
