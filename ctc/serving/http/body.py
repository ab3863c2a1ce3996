"""Reading the body of a request within its limits of size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from ctc.errors import shorten
from ctc.serving.config import Limits
from ctc.serving.http.capacity import CapacityLimiter, Reservation
from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST, ApiError


@asynccontextmanager
async def read_body(
    request: Request, limits: Limits, inflight: CapacityLimiter
) -> AsyncIterator[bytes]:
    """Read the whole body, whose bytes stay reserved in `inflight` until the block ends.

    Raises ApiError for a body that is refused, having read no more than the limits allow.
    """
    _check_headers(request, limits)
    with inflight.reserve(0) as reservation:
        try:
            async with asyncio.timeout(limits.timeout):
                body = await _read_chunks(request, limits, reservation)
        except TimeoutError:
            raise ApiError(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the request did not arrive within {limits.timeout:g} s",
            ) from None
        except ClientDisconnect:
            raise ApiError(CLIENT_CLOSED_REQUEST, "the client closed the connection") from None
        if not body:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                "the body is empty: send a photo, a form with photos, or JSON",
            )
        yield body


def _check_headers(request: Request, limits: Limits) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"content encoding '{shorten(encoding)}' is not supported: send the body uncompressed",
        )
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.max_body_bytes:
        raise _too_large_error(limits)


async def _read_chunks(request: Request, limits: Limits, reservation: Reservation) -> bytes:
    chunks: list[bytes] = []
    async for chunk in request.stream():
        reservation.grow(len(chunk))
        if reservation.amount > limits.max_body_bytes:
            raise _too_large_error(limits)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large_error(limits: Limits) -> ApiError:
    return ApiError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than the limit of {limits.max_body_bytes / 1e6:g} MB: "
        "send fewer photos at a time",
    )
