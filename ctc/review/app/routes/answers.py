"""Endpoints that change something: answers, undo, redo, classes, leases.

An answer is on disk before its response is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import AnswerRecord, Reviewer
from ctc.artifacts.review.versions import ConflictError
from ctc.errors import CtcError
from ctc.review.app.body_fields import (
    check_fields,
    read_flag,
    read_keys,
    read_text,
    read_versions,
)
from ctc.review.app.event_json import event_json, state_json
from ctc.review.app.reviewers import require_lead, reviewer_of
from ctc.review.app.service import ReviewService, in_thread
from ctc.serving.http.errors import ApiError
from ctc.serving.http.responses import JSONResponse


class AnswerRoutes:
    """Endpoints of a review that write to its store."""

    def __init__(self, service: ReviewService) -> None:
        self._service, self._store = service, service.store

    async def answer(self, request: Request) -> Response:
        """Answer some events; 409 with the events if others answered one meanwhile."""
        body, reviewer = await self._service.read_json(request), reviewer_of(request)
        check_fields(body, "keys", "versions", "answer", "merge", "request")
        keys, versions = read_keys(body), read_versions(body)
        work = partial(
            self._answer,
            reviewer,
            keys,
            body.get("answer"),
            versions,
            read_flag(body, "merge"),
            read_text(body, "request"),
        )
        try:
            records = await in_thread(work)
        except ApiError as error:
            if not isinstance(error.__cause__, ConflictError):
                raise
            return await in_thread(partial(self._conflict, error.__cause__, reviewer))
        return await self._done(records, reviewer)

    async def undo(self, request: Request) -> Response:
        """Take back the reviewer's last action."""
        return await self._step(request, self._store.undo)

    async def redo(self, request: Request) -> Response:
        """Take back the reviewer's last undo."""
        return await self._step(request, self._store.redo)

    async def add_class(self, request: Request) -> Response:
        """Add a class to a label."""
        body, reviewer = await self._service.read_json(request), reviewer_of(request)
        check_fields(body, "label", "name")
        label, name = read_text(body, "label"), read_text(body, "name")
        labels = await in_thread(self._store.labels)
        is_open = any(one.name == label and one.is_open for one in labels)
        if not is_open and not self._service.may_add_classes(reviewer):
            require_lead(reviewer, "add classes")
        await in_thread(partial(self._store.add_class, label, name))
        return JSONResponse({"label": label, "name": name})

    async def lease(self, request: Request) -> Response:
        """Keep events for the reviewer, and tell which others look at."""
        body, reviewer = await self._service.read_json(request), reviewer_of(request)
        check_fields(body, "keys")
        keys = read_keys(body)
        others = await in_thread(partial(self._lease, reviewer.name, keys))
        return JSONResponse({"leases": others})

    async def release(self, request: Request) -> Response:
        """End the reviewer's leases."""
        body, reviewer = await self._service.read_json(request), reviewer_of(request)
        check_fields(body, "keys")
        await in_thread(partial(self._store.release, reviewer.name, read_keys(body)))
        return JSONResponse({})

    def _answer(
        self,
        reviewer: Reviewer,
        keys: Sequence[str],
        answer: Any,
        versions: dict[str, int],
        merge: bool,
        request: str,
    ) -> list[AnswerRecord]:
        given = Answer.from_value(answer)
        return self._store.answer(
            reviewer, keys, given, versions=versions, merge=merge, request=request
        )

    def _conflict(self, error: ConflictError, reviewer: Reviewer) -> Response:
        """Return both answers: whoever was slower may see that of the other now."""
        sees_all = Reviewer(reviewer.name, "lead")
        events = [event_json(event, sees_all) for event in self._store.events(list(error.others))]
        content = {"error": str(error), "others": error.others, "events": events}
        return JSONResponse(content, HTTPStatus.CONFLICT)

    def _lease(self, reviewer: str, keys: Sequence[str]) -> dict[str, str]:
        known = [event.key for event in self._store.events(keys)]
        return {one.event: one.reviewer for one in self._store.lease(reviewer, known)}

    async def _step(self, request: Request, step: Any) -> Response:
        body, reviewer = await self._service.read_json(request), reviewer_of(request)
        check_fields(body, "request")
        records = await in_thread(partial(step, reviewer, read_text(body, "request")))
        return await self._done(records, reviewer)

    async def _done(self, records: Sequence[AnswerRecord], reviewer: Reviewer) -> Response:
        """Return what has changed; the records are on disk, so this must not fail."""
        keys = list(dict.fromkeys(record.event for record in records))
        content: dict[str, Any] = {"events": [], "records": [one.number for one in records]}
        try:
            events = await in_thread(partial(self._store.events, keys))
            can_undo, can_redo = await in_thread(partial(self._store.can_undo, reviewer.name))
        except (ApiError, CtcError):
            return JSONResponse(content)
        content["events"] = [state_json(event, reviewer) for event in events]
        return JSONResponse(content | {"can_undo": can_undo, "can_redo": can_redo})
