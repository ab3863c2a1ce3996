"""JSON responses and error responses."""

from __future__ import annotations

import json
from typing import Any

from starlette import responses
from starlette.types import Scope

from ctc.serving.http.errors import ApiError
from ctc.serving.http.request_log import request_record


class JSONResponse(responses.JSONResponse):
    """Starlette's JSONResponse that also takes lone surrogates.

    A name that a client sent may hold one, which UTF-8 can't encode: it becomes a JSON escape.
    """

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def error_response(scope: Scope, error: ApiError) -> JSONResponse:
    """Return `{"error": "…"}`, the form of TensorFlow Serving and KServe, and log the reason."""
    request_record(scope).reason = str(error)
    return JSONResponse({"error": str(error)}, error.status, error.headers)
