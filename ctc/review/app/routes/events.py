"""Endpoints that show events: session, queues, pages, groups."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ctc.artifacts.review.records import Reviewer
from ctc.review.app.counts import CountCache
from ctc.review.app.event_json import event_json, labels_json, state_json
from ctc.review.app.progress import read_progress
from ctc.review.app.query import (
    FILTERS,
    PAGE,
    check_names,
    read_cursor,
    read_filter,
    read_limit,
    read_skip,
)
from ctc.review.app.reviewers import reviewer_of
from ctc.review.app.service import ReviewService, in_thread
from ctc.review.queues import pages
from ctc.review.queues.filters import EventFilter
from ctc.review.queues.queue import QUEUES, Queue, find_queue
from ctc.serving.http.errors import ApiError
from ctc.serving.http.responses import JSONResponse

MAX_KEYS = 500
"""Events that are asked for by their keys at once."""


class EventRoutes:
    """Endpoints of a review that only read."""

    def __init__(self, service: ReviewService) -> None:
        self._service, self._store = service, service.store
        self._counts = CountCache(service.store)

    async def session(self, request: Request) -> Response:
        """Tell who reviews, and what can be answered and filtered."""
        check_names(request, ())
        return JSONResponse(await in_thread(partial(self._session, reviewer_of(request))))

    async def queues(self, request: Request) -> Response:
        """Count the events of each queue, class and place."""
        check_names(request, FILTERS)
        chosen = read_filter(request, reviewer_of(request), await in_thread(self._main_label))
        return JSONResponse(await in_thread(partial(self._counts.get, chosen)))

    async def page(self, request: Request) -> Response:
        """Return a page of a queue, or the events of given keys."""
        reviewer = reviewer_of(request)
        check_names(request, ("keys",) if "keys" in request.query_params else (*PAGE, *FILTERS))
        if "keys" in request.query_params:
            keys = request.query_params["keys"].split(",")[:MAX_KEYS]
            return JSONResponse(await in_thread(partial(self._events, keys, reviewer)))
        queue = await in_thread(partial(find_queue, request.query_params.get("queue", "all")))
        chosen = read_filter(request, reviewer, await in_thread(self._main_label))
        after, skip, limit = read_cursor(request), read_skip(request), read_limit(request)
        work = partial(self._page, queue, chosen, reviewer, after, limit, skip)
        return JSONResponse(await in_thread(work))

    async def group(self, request: Request) -> Response:
        """Return the states of all events that look like one."""
        check_names(request, ())
        work = partial(self._group, request.path_params["key"], reviewer_of(request))
        return JSONResponse(await in_thread(work))

    async def progress(self, request: Request) -> Response:
        """Tell how far the review is, and how fast."""
        check_names(request, ())
        return JSONResponse(await in_thread(partial(read_progress, self._store)))

    async def proof(self, request: Request) -> Response:
        """Tell what the audit shows."""
        check_names(request, ())
        proof = await in_thread(self._service.audit.proof)
        return JSONResponse(proof.to_json())

    def _session(self, reviewer: Reviewer) -> dict[str, Any]:
        about = self._store.about()
        can_undo, can_redo = self._store.can_undo(reviewer.name)
        return {
            "reviewer": reviewer.name,
            "role": reviewer.role,
            "may_add_classes": self._service.may_add_classes(reviewer),
            "store": self._store.path.name,
            "predictions": about.predictions,
            "labels": labels_json(self._store.labels(), self._service.config.names),
            "queues": [
                {"name": one.name, "title": one.title, "about": one.about, "state": one.state}
                for one in QUEUES
            ],
            "reviewers": [one.name for one in self._store.reviewers()],
            "can_undo": can_undo,
            "can_redo": can_redo,
        }

    def _main_label(self) -> str:
        labels = self._store.labels()
        predicted = [label.name for label in labels if label.predicted]
        return next(iter(predicted or [label.name for label in labels]), "")

    def _page(
        self,
        queue: Queue,
        chosen: EventFilter,
        reviewer: Reviewer,
        after: pages.Cursor | None,
        limit: int,
        skip: int,
    ) -> dict[str, Any]:
        drawn = None
        if queue.name == "audit":
            drawn = self._service.audit.page(chosen, after, limit, skip)
        with self._store.read() as connection:
            page = drawn or pages.read_page(connection, queue, chosen, after, limit, skip)
        return {**self._events(page.keys, reviewer), "next": page.next}

    def _events(self, keys: Any, reviewer: Reviewer) -> dict[str, Any]:
        return {"events": [event_json(event, reviewer) for event in self._store.events(keys)]}

    def _group(self, key: str, reviewer: Reviewer) -> dict[str, Any]:
        with self._store.read() as connection:
            keys = pages.look_alike_keys(connection, key)
        if not keys:
            raise ApiError(HTTPStatus.NOT_FOUND, "this event is in no group of look-alikes")
        return {"events": [state_json(event, reviewer) for event in self._store.events(keys)]}
