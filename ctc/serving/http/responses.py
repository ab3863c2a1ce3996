"""How answers and refusals leave."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from ctc.serving.http.errors import ApiError
from ctc.serving.http.request_log import request_record


class JSONResponse(Response):
    """JSON in UTF-8. Half a surrogate pair, which a name may hold, becomes the escape that JSON has
    for it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def error_response(scope: Scope, error: ApiError) -> JSONResponse:
    """`{"error": "…"}`, as TensorFlow Serving and KServe have it."""
    request_record(scope).reason = str(error)
    return JSONResponse({"error": str(error)}, error.status, error.headers)
