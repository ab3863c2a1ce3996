"""Query parameters of the page: queue, filter and place in the queue."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from http import HTTPStatus

from starlette.requests import Request

from ctc.artifacts.review.records import Reviewer
from ctc.errors import did_you_mean, shorten
from ctc.review.queues.filters import STATE_FILTERS, EventFilter, StateFilter
from ctc.review.queues.pages import MAX_EVENTS, Cursor
from ctc.serving.http.errors import ApiError

FILTERS = ("label", "state", "place", "class", "since", "until", "least", "most", "answered_by")
PAGE = ("queue", "after", "skip", "limit")
_MAX_SKIP = 100_000_000


def check_names(request: Request, known: Collection[str]) -> None:
    """Raise ApiError (400) for a query parameter that is not known, or there twice."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            raise _bad(f"no query parameter called '{shorten(name)}'{did_you_mean(name, known)}")
        if names.count(name) > 1:
            raise _bad(f"'{name}' is there twice")


def read_filter(request: Request, reviewer: Reviewer, label: str) -> EventFilter:
    """Return the filter of a request; `label`: the one that is meant where none is named."""
    given = request.query_params
    return EventFilter(
        reviewer.name,
        given.get("label", label),
        _state(given.get("state", "")),
        given.get("place", ""),
        given.get("class", ""),
        given.get("since", ""),
        given.get("until", ""),
        _share(request, "least", 0.0),
        _share(request, "most", 1.0),
        given.get("answered_by", ""),
    )


def read_cursor(request: Request) -> Cursor | None:
    """Return the place after which a page begins: a JSON list of a value and a number."""
    text = request.query_params.get("after")
    if text is None:
        return None
    wrong = _bad(f"'after' is '{shorten(text)}', not the 'next' of a page")
    try:
        value, number = json.loads(text)
        is_sound = math.isfinite(value) and isinstance(number, int) and abs(number) < 1 << 62
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise wrong from None
    if not is_sound:
        raise wrong
    return value, number


def read_skip(request: Request) -> int:
    """Return how many events after the cursor are left out."""
    return _count(request, "skip", 0, _MAX_SKIP)


def read_limit(request: Request) -> int:
    """Return the number of events of a page."""
    return max(1, _count(request, "limit", 60, MAX_EVENTS))


def _count(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number of the query, at most `most`."""
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(_MAX_SKIP)):
        raise _bad(f"'{name}' is '{shorten(text)}', not a number")
    return min(most, int(text))


def _state(text: str) -> StateFilter:
    for known in STATE_FILTERS:
        if text == known:
            return known
    raise _bad(f"'state' is '{shorten(text)}'{did_you_mean(text, STATE_FILTERS)}")


def _share(request: Request, name: str, default: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise _bad(f"'{name}' is '{shorten(text)}', not a number from 0 to 1")
    return share


def _bad(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message)
