"""What all routes of the page share: the store, photos, limits and metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request

from ctc.artifacts.review.records import Reviewer
from ctc.artifacts.review.store import ReviewStore
from ctc.artifacts.review.versions import ConflictError
from ctc.errors import CtcError, InputError, UsageError
from ctc.review.app.audit import Audit
from ctc.review.app.config import MEGABYTE, ReviewConfig
from ctc.review.app.reviewers import reviewer_finder
from ctc.review.app.thumbnails import ThumbnailCache
from ctc.serving.config import Limits
from ctc.serving.http.body import read_body
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import ApiError
from ctc.serving.http.metrics import Metrics

T = TypeVar("T")
LIMITS = Limits(
    max_body_bytes=MEGABYTE, max_inflight_bytes=64 * MEGABYTE, timeout=30, shutdown_timeout=5
)


class ReviewService:
    """The store and photos of a review."""

    def __init__(self, store: ReviewStore, config: ReviewConfig) -> None:
        self.store, self.config = store, config
        self.metrics = Metrics()
        self.audit = Audit(store, config.targets)
        self.thumbnails = ThumbnailCache(config.thumbnails, config.max_thumbnail_bytes)
        self.find_reviewer = reviewer_finder(config.tokens, config.reviewer)
        self._inflight = CapacityLimiter(
            LIMITS.max_inflight_bytes,
            "too many answers are being sent",
            self.metrics.set_inflight_bytes,
        )

    def may_add_classes(self, reviewer: Reviewer) -> bool:
        """Return whether the reviewer may add classes to any label: a lead, or the only user."""
        return reviewer.role == "lead" or not self.config.tokens

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Stop the threads at the end."""
        try:
            yield
        finally:
            await asyncio.to_thread(self.thumbnails.close)

    async def read_json(self, request: Request) -> Mapping[str, Any]:
        """Return the JSON object of a request; raises ApiError (400) for anything else.

        Texts with half a surrogate pair, which JSON can write, are refused: no file can hold them.
        """
        async with read_body(request, LIMITS, self._inflight) as body:
            try:
                value = json.loads(body)
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise ApiError(
                    HTTPStatus.BAD_REQUEST, "the body has half a character: send whole ones"
                ) from None
            except (ValueError, RecursionError):
                raise ApiError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise ApiError(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
        return value


async def in_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, run in a thread.

    Raises ApiError where it raises CtcError: 400 for what the client asked, 409 where others
    answered meanwhile, 503 for a store that can't be read or written.
    """
    try:
        return await asyncio.to_thread(work)
    except ConflictError as error:
        raise ApiError(HTTPStatus.CONFLICT, str(error)) from error
    except (InputError, UsageError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, str(error)) from None
    except CtcError as error:
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
