"""Photos of events, named by their number: no path comes from a client."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from ctc.errors import CtcError, shorten
from ctc.review.app.query import check_names
from ctc.review.app.service import ReviewService, in_thread
from ctc.review.app.thumbnails import SIZES
from ctc.serving.http.errors import ApiError

HEADERS = {
    "Cache-Control": "private, max-age=600",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class PhotoRoutes:
    """The endpoint for photos."""

    def __init__(self, service: ReviewService) -> None:
        self._service, self._store = service, service.store

    async def photo(self, request: Request) -> Response:
        """Return a photo as an upright JPEG; 404 with the reason if it can't be shown."""
        check_names(request, ("size",))
        size = request.query_params.get("size", "thumb")
        if size not in SIZES:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"'size' is '{shorten(size)}', not {', '.join(map(repr, SIZES))}",
            )
        key, n = request.path_params["key"], request.path_params["n"]
        name, location = await in_thread(lambda: self._location(key, n))
        try:
            data = await asyncio.wrap_future(self._service.thumbnails.get(location, size))
        except CtcError as error:
            raise ApiError(HTTPStatus.NOT_FOUND, f"'{name}' can't be shown: {error}") from None
        return Response(data, media_type="image/jpeg", headers=HEADERS)

    def _location(self, key: str, n: int) -> tuple[str, str]:
        """Return the name of a photo and where it is."""
        photo = self._store.photo(key, n) if n < 1 << 31 else None
        if photo is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "there is no such photo in this review")
        return photo.path.replace("\\", "/").rpartition("/")[2], self._store.photo_location(photo)
