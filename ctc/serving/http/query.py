"""Query parameters: unknown ones are refused, so that none is ignored in silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from ctc.errors import did_you_mean, shorten
from ctc.serving.http.errors import ApiError

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class QueryNumber:
    """A parameter that is a number above 0, `most` at most; `whole`: without a fraction."""

    most: float
    whole: bool = False

    def __contains__(self, value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        return 0 < number <= self.most and (value.isdecimal() or not self.whole)

    def __str__(self) -> str:
        kind = "a whole number from 1 to" if self.whole else "a number above 0, at most"
        return f"{kind} {self.most:,g}"


QueryChoices = Mapping[str, tuple[str, ...] | QueryNumber]
"""Per query parameter its values, the default first, or what number it is."""


def with_query(endpoint: Endpoint, choices: QueryChoices | None = None) -> Endpoint:
    """Return an endpoint that refuses every query parameter but those of `choices` (400)."""

    async def checked(request: Request) -> Response:
        for name, value in request.query_params.multi_items():
            _check_parameter(name, value, choices or {})
        return await endpoint(request)

    return checked


def query_choice(request: Request, name: str, choices: QueryChoices) -> str:
    """Return the value of a parameter with certain values, which `with_query` has checked."""
    values = choices[name]
    assert not isinstance(values, QueryNumber)
    return request.query_params.get(name, values[0])


def query_number(request: Request, name: str) -> float | None:
    """Return the value of a number, which `with_query` has checked; None without it."""
    value = request.query_params.get(name)
    return None if value is None else float(value)


def _check_parameter(name: str, value: str, choices: QueryChoices) -> None:
    if name not in choices:
        known = did_you_mean(name, choices) if choices else ": this path takes none"
        raise ApiError(
            HTTPStatus.BAD_REQUEST, f"no query parameter called '{shorten(name)}'{known}"
        )
    if value not in choices[name]:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, f"'{name}' is '{shorten(value)}', not {_allowed(choices[name])}"
        )


def _allowed(values: tuple[str, ...] | QueryNumber) -> str:
    if isinstance(values, QueryNumber):
        return str(values)
    return " or ".join(f"'{value}'" for value in values)
