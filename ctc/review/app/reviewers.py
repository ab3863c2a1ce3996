"""Who sends a request: the reviewer of its token, or the one who started the server."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ctc.artifacts.review.records import ROLES, Reviewer
from ctc.artifacts.review.reviewers import check_name, digest
from ctc.errors import InputError, UsageError, did_you_mean, shorten
from ctc.serving.http.errors import ApiError
from ctc.serving.http.middleware import bearer_token, is_public, missing_token
from ctc.serving.http.responses import error_response
from ctc.storage.csv_reader import read_rows

_SCOPE_KEY = "ctc.reviewer"
MIN_TOKEN = 12
"""Characters of a token at least."""


class ReviewerMiddleware:
    """Tells endpoints who sends a request; refuses requests without a known token (401).

    `find` returns the reviewer of a token, or of None where no token is needed.
    """

    def __init__(self, app: ASGIApp, find: Callable[[str | None], Reviewer | None]) -> None:
        self._app, self._find = app, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope["path"]):
            reviewer = self._find(bearer_token(Headers(scope=scope)))
            if reviewer is None:
                await error_response(scope, missing_token())(scope, receive, send)
                return
            scope[_SCOPE_KEY] = reviewer
        await self._app(scope, receive, send)


def reviewer_of(request: Request) -> Reviewer:
    """Return who sends a request."""
    reviewer: Reviewer = request.scope[_SCOPE_KEY]
    return reviewer


def require_lead(reviewer: Reviewer, what: str) -> None:
    """Raise ApiError (403) unless the reviewer is a lead."""
    if reviewer.role != "lead":
        raise ApiError(HTTPStatus.FORBIDDEN, f"only a lead may {what}: ask one")


def reviewer_finder(
    tokens: Mapping[str, Reviewer], local: Reviewer
) -> Callable[[str | None], Reviewer | None]:
    """Return a function that finds the reviewer of a token; `local`: for a server without tokens.

    Digests are looked up, so that the duration tells nothing about a token.
    """
    by_digest = {digest(token): reviewer for token, reviewer in tokens.items()}

    def find(token: str | None) -> Reviewer | None:
        if not by_digest:
            return local
        return None if token is None else by_digest.get(digest(token))

    return find


def read_tokens(path: Path) -> dict[str, Reviewer]:
    """Return the reviewer of each token from a CSV with the columns name, token and perhaps role.

    Raises CtcError for a file that can't be read or has an unfit name, token or role.
    """
    if not path.is_file():
        raise UsageError(f"the token file '{path}' is not there: write a CSV with name,role,token")
    try:
        columns, rows = read_rows(path)
        if missing := {"name", "token"} - set(columns):
            raise InputError(f"it has no column '{min(missing)}'")
        found: dict[str, Reviewer] = {}
        for line, row in rows:
            token, reviewer = _reviewer(line, row)
            if token in found or reviewer.name in {one.name for one in found.values()}:
                raise InputError(f"line {line} has a name or token that is there before")
            found[token] = reviewer
    except (InputError, csv.Error) as error:
        raise InputError(f"the token file '{path}' can't be used: {error}") from None
    if not found:
        raise InputError(f"the token file '{path}' names nobody: write a line per reviewer")
    return found


def _reviewer(line: int, row: Mapping[str, str]) -> tuple[str, Reviewer]:
    token = row["token"].strip()
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"line {line} needs a token of {MIN_TOKEN} or more ASCII characters without blanks"
        )
    reviewer = Reviewer(check_name(row["name"]))
    role = row.get("role", "").strip() or reviewer.role
    for known in ROLES:
        if role == known:
            return token, replace(reviewer, role=known)
    raise InputError(f"line {line} has the role '{shorten(role)}'{did_you_mean(role, ROLES)}")
