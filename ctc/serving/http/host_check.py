"""Requests that a web page of somebody else sends through the browser of a person.

A page can point its own name to 127.0.0.1 (DNS rebinding) and then read what a local server
answers: so the server answers only to its own names. A page can also send a form or a photo to
another server without reading the response: so the browser's statement of where a request comes
from is checked, https://fetch.spec.whatwg.org/#http-origin and
https://www.w3.org/TR/fetch-metadata/. Programs such as curl send no such statement.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ctc.errors import shorten
from ctc.serving.http.errors import ApiError
from ctc.serving.http.responses import error_response

ANY_HOST = "*"
LOCAL_HOST = "localhost"
_READING_METHODS = ("GET", "HEAD", "OPTIONS")


class HostMiddleware:
    """Refuses requests to other host names, and requests of other servers' pages (403).

    `names`: the names of this server beside `localhost`, lower case; ANY_HOST: every name. An IP
    address is always accepted: no page can point it elsewhere.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app, self._names = app, frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (
            error := self._refusal(scope["method"], Headers(scope=scope))
        ):
            await error_response(scope, error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> ApiError | None:
        host = headers.get("host", "")
        name = _host_name(host)
        if host and not self._is_own(name):
            return ApiError(
                HTTPStatus.FORBIDDEN,
                f"'{shorten(name)}' is not a name of this server: ask for its address, or start it "
                "with --allowed-host NAME",
            )
        if method not in _READING_METHODS and self._is_from_other_page(host, headers):
            return ApiError(
                HTTPStatus.FORBIDDEN,
                f"a page of '{shorten(headers.get('origin', 'another server'))}' may not use this "
                "server: open the server's own page, or start it with --allowed-host NAME",
            )
        return None

    def _is_own(self, name: str) -> bool:
        known = name == LOCAL_HOST or name in self._names
        return known or ANY_HOST in self._names or _is_ip_address(name)

    def _is_from_other_page(self, host: str, headers: Headers) -> bool:
        """Return whether a browser says that a page of another server sent the request."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in ("same-origin", "none"):
            return False
        if site == "cross-site":
            return True
        if origin is None:
            return False
        network_location = origin.lower().partition("://")[2]
        return network_location != host.lower() and _host_name(network_location) not in self._names


def _host_name(host: str) -> str:
    """Return the name or address of `NAME:PORT`, lower case; '' when it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_ip_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
