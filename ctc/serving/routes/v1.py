"""`/v1`: TensorFlow Serving's REST API, photos as files, and events by time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from ctc.images.clips.frame_choice import FrameChoice
from ctc.serving.http.errors import ApiError
from ctc.serving.http.query import QueryChoices, QueryNumber, query_choice, query_number
from ctc.serving.http.responses import JSONResponse
from ctc.serving.inputs import EncodedImage, EventRequest
from ctc.serving.protocols import multipart, tfserving
from ctc.serving.protocols.correction import parse_correction
from ctc.serving.protocols.event_grouping import aggregate_events, estimate_photos
from ctc.serving.protocols.json_fields import bad_request
from ctc.serving.protocols.responses import model_details, predictions_json, require_predictions
from ctc.serving.service import Check, Service

QUERY_CHOICES: QueryChoices = {
    "answers": ("names", "arrays"),
    "failures": ("refuse", "tell"),
    "frames": QueryNumber(100_000, whole=True),
    "frame_rate": QueryNumber(1_000),
    "frames_by": ("time", "change"),
}
RAW_CONTENT_TYPES = ("image/", "video/", "application/octet-stream")


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
        frames = _frame_choice(request)
        async with self._service.read_body(request) as body:
            events = await asyncio.to_thread(
                self._parse_request, request.headers.get("content-type", ""), body
            )
            results = await self._service.predict(request, model, events, frames)
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


def _frame_choice(request: Request) -> FrameChoice | None:
    """Return which frames of clips the query asks for; None if it does not.

    Raises ApiError (400) for parameters that exclude each other.
    """
    rate, count = query_number(request, "frame_rate"), query_number(request, "frames")
    by_change = query_choice(request, "frames_by", QUERY_CHOICES) == "change"
    if rate is not None and count is not None:
        raise bad_request("'frames' and 'frame_rate' exclude each other: leave one out")
    if by_change and count is None:
        raise bad_request("'frames_by=change' needs the number of frames: add '&frames=5'")
    if rate is None and count is None:
        return None
    return FrameChoice(
        FrameChoice.rate if rate is None else rate,
        None if count is None else int(count),
        "change" if by_change else "time",
    )
