"""`/v1`: TensorFlow Serving's REST form, with photos as files beside it, and events by time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from ctc.serving.http.responses import JsonReply
from ctc.serving.inputs import AskedEvent, Encoded
from ctc.serving.protocols import multipart, tfserving
from ctc.serving.protocols.event_grouping import events_of
from ctc.serving.protocols.json_fields import bad
from ctc.serving.protocols.responses import by_name, details_of, refuse_failures
from ctc.serving.service import Service

ANSWERS = ("names", "arrays")
FAILURES = ("refuse", "tell")
RAW = ("image/", "application/octet-stream")


class V1Routes:
    """Endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def models(self, request: Request) -> Response:
        return JsonReply({"models": [details_of(served) for served in self._service.shelf.all()]})

    async def status(self, request: Request) -> Response:
        served = self._service.model(request)
        return JsonReply(tfserving.status(served, details_of(served)))

    async def metadata(self, request: Request) -> Response:
        served = self._service.model(request)
        return JsonReply(tfserving.metadata(served, details_of(served)))

    async def predict(self, request: Request) -> Response:
        served = self._service.model(request)
        answers, failures = _chosen(request, "answers", ANSWERS), _chosen(request, "failures", FAILURES)
        async with self._service.body(request) as body:
            events = await asyncio.to_thread(self._asked, request.headers.get("content-type", ""), body)
            outcomes = await self._service.ask(request, served, events)
        if answers == "arrays":
            return JsonReply(tfserving.bare(outcomes))
        if failures == "refuse" and not any(outcome.prediction for outcome in outcomes):
            refuse_failures(outcomes)
        return JsonReply(by_name(served, outcomes, [event.id for event in events]))

    async def events(self, request: Request) -> Response:
        served = self._service.model(request)
        async with self._service.body(request) as body:
            return JsonReply(await asyncio.to_thread(events_of, body, served, self._service.config.aggregation))

    def _asked(self, content_type: str, body: bytes) -> list[AskedEvent]:
        """By its content type a body is a form or a photo; anything else, such as what `curl -d` declares, is taken for JSON."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind == multipart.FORM:
            return multipart.asked(content_type, body, self._service.config.limits)
        if kind.startswith(RAW):
            return [AskedEvent("0", (Encoded("0", body),))]
        return tfserving.asked(body, self._service.config.limits)


def _chosen(request: Request, name: str, choices: tuple[str, str]) -> str:
    """A parameter of the query, by default the first of its choices; raises RequestError for anything else."""
    value = request.query_params.get(name, choices[0])
    if value not in choices:
        raise bad(f"'{name}' is '{value}', not '{choices[0]}' or '{choices[1]}'")
    return value
