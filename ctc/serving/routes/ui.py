"""The web page, the OpenAPI document, health checks and metrics."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ctc._version import __version__
from ctc.serving.http.metrics import CONTENT_TYPE
from ctc.serving.http.responses import JSONResponse
from ctc.serving.service import Service

STATIC_FOLDER = Path(__file__).parent.parent / "static"
SECURITY_HEADERS = {
    # nothing from other servers, nothing inline; thumbnails and clips are blobs
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
CONTENT_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


class PageRoutes:
    """Endpoints of a service; the static files are read once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._files = {
            path.name: path.read_bytes()
            for path in sorted(STATIC_FOLDER.iterdir())
            if path.suffix in CONTENT_TYPES
        }
        self._openapi = json.loads(self._files["openapi.json"])
        self._openapi["info"]["version"] = __version__
        if not service.config.token:  # everyone can read the document
            names = [model.name for model in service.registry.all()]
            self._openapi["components"]["parameters"]["name"]["schema"]["enum"] = names

    async def index(self, request: Request) -> Response:
        return self._file_response("index.html")

    async def docs(self, request: Request) -> Response:
        return self._file_response("docs.html")

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(self._openapi)

    async def asset(self, request: Request) -> Response:
        return self._file_response(request.path_params["file"])

    async def health(self, request: Request) -> Response:
        """Answer both health checks: the server listens only once every model is loaded."""
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        return Response(self._service.metrics.text(), media_type=CONTENT_TYPE)

    def _file_response(self, name: str) -> Response:
        if name not in self._files:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(
            self._files[name], media_type=CONTENT_TYPES[Path(name).suffix], headers=SECURITY_HEADERS
        )
