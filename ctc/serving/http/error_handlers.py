"""The handlers that turn exceptions into error responses, of every server of ctc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ctc.errors import shorten
from ctc.serving.http.errors import ApiError
from ctc.serving.http.responses import error_response

ErrorHandlers = Mapping[Any, Callable[[Request, Any], Response]]


def error_handlers(hint: str = "") -> ErrorHandlers:
    """Return the handlers for an application; `hint` ends what is said of a wrong address."""

    def handle_http_exception(request: Request, error: HTTPException) -> Response:
        path = shorten(request.url.path)
        if error.status_code == HTTPStatus.NOT_FOUND:
            message = f"there is no '{path}'{hint}"
        else:
            message = f"'{path}' does not support {shorten(request.method)}{hint}"
        return error_response(request.scope, ApiError(error.status_code, message, error.headers))

    return {
        ApiError: _handle_api_error,
        HTTPException: handle_http_exception,
        Exception: _handle_unexpected_error,
    }


def _handle_api_error(request: Request, error: ApiError) -> Response:
    return error_response(request.scope, error)


def _handle_unexpected_error(request: Request, error: Exception) -> Response:
    return error_response(
        request.scope,
        ApiError(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal server error: see the log of the server"
        ),
    )
