"""The page itself, its files, and the health checks."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ctc.review.app.service import ReviewService
from ctc.serving.http.metrics import CONTENT_TYPE
from ctc.serving.http.responses import JSONResponse
from ctc.serving.routes.ui import CONTENT_TYPES, SECURITY_HEADERS
from ctc.serving.routes.ui import STATIC_FOLDER as SERVE_FOLDER

STATIC_FOLDER = Path(__file__).parents[2] / "static"
SHARED = ("base.css", "dom.js", "icon.svg")
"""Files of the page of `ctc serve` that this page uses too."""


class PageRoutes:
    """Endpoints for static files, which are read once."""

    def __init__(self, service: ReviewService) -> None:
        self._service = service
        paths = [*STATIC_FOLDER.iterdir(), *(SERVE_FOLDER / name for name in SHARED)]
        self._files = {
            path.name: path.read_bytes() for path in paths if path.suffix in CONTENT_TYPES
        }

    async def index(self, request: Request) -> Response:
        return self._file_response("index.html")

    async def asset(self, request: Request) -> Response:
        return self._file_response(request.path_params["file"])

    async def health(self, request: Request) -> Response:
        """Answer both health checks."""
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        return Response(self._service.metrics.text(), media_type=CONTENT_TYPE)

    def _file_response(self, name: str) -> Response:
        if name not in self._files:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(
            self._files[name], media_type=CONTENT_TYPES[Path(name).suffix], headers=SECURITY_HEADERS
        )
