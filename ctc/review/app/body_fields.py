"""Fields of the JSON that the page sends."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ctc.errors import shorten
from ctc.review.queues.pages import MAX_GROUP
from ctc.serving.http.errors import ApiError

_MAX_TEXT = 300


def check_fields(body: Mapping[str, Any], *known: str) -> None:
    """Raise ApiError (400) for a field that is not known, so that none is ignored."""
    for name in body:
        if name not in known:
            raise _bad(f"no field is called '{shorten(name)}'")


def read_keys(body: Mapping[str, Any]) -> list[str]:
    """Return the keys of events, without repetitions; at most MAX_GROUP."""
    keys = body.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or not keys:
        raise _bad("'keys' is not a list of keys of events")
    if len(keys) > MAX_GROUP:
        raise _bad(f"'keys' has {len(keys):,} events: send at most {MAX_GROUP:,} at once")
    return list(dict.fromkeys(keys))


def read_versions(body: Mapping[str, Any]) -> dict[str, int]:
    """Return the versions of events by key, {} if there are none."""
    versions = body.get("versions", {})
    if not isinstance(versions, dict) or not all(
        isinstance(one, int) and abs(one) < 1 << 62 for one in versions.values()
    ):
        raise _bad("'versions' is not an object of numbers")
    return versions


def read_text(body: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there."""
    text = body.get(name)
    if not isinstance(text, str) or not text or len(text) > _MAX_TEXT:
        raise _bad(f"'{name}' is not a text of 1 to {_MAX_TEXT} characters")
    return text


def read_flag(body: Mapping[str, Any], name: str) -> bool:
    """Return true or false, which may be missing."""
    flag = body.get(name, False)
    if not isinstance(flag, bool):
        raise _bad(f"'{name}' is neither true nor false")
    return flag


def _bad(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message)
