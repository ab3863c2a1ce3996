"""Query parameters: unknown ones are refused, so that none is ignored in silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from ctc.errors import did_you_mean, shorten
from ctc.serving.http.errors import ApiError

Endpoint = Callable[[Request], Awaitable[Response]]
QueryChoices = Mapping[str, tuple[str, ...]]
"""Per query parameter its values, the default first."""


def with_query(endpoint: Endpoint, choices: QueryChoices | None = None) -> Endpoint:
    """Return an endpoint that refuses every query parameter but those of `choices` (400)."""

    async def checked(request: Request) -> Response:
        for name, value in request.query_params.multi_items():
            _check_parameter(name, value, choices or {})
        return await endpoint(request)

    return checked


def query_choice(request: Request, name: str, choices: QueryChoices) -> str:
    """Return the value of a parameter that `with_query` has checked."""
    return request.query_params.get(name, choices[name][0])


def _check_parameter(name: str, value: str, choices: QueryChoices) -> None:
    if name not in choices:
        known = did_you_mean(name, choices) if choices else ": this path takes none"
        raise ApiError(
            HTTPStatus.BAD_REQUEST, f"no query parameter called '{shorten(name)}'{known}"
        )
    if value not in choices[name]:
        allowed = " or ".join(f"'{choice}'" for choice in choices[name])
        raise ApiError(HTTPStatus.BAD_REQUEST, f"'{name}' is '{shorten(value)}', not {allowed}")
