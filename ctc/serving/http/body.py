"""The body of a request: of limited size, in limited time, and no more of it at a time than memory
should hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from ctc.serving.config import Limits
from ctc.serving.http.capacity import CapacityLimiter, Reservation
from ctc.serving.http.errors import (
    BAD_REQUEST,
    CLIENT_CLOSED_REQUEST,
    REQUEST_ENTITY_TOO_LARGE,
    REQUEST_TIMEOUT,
    UNSUPPORTED_MEDIA_TYPE,
    ApiError,
)


@asynccontextmanager
async def read_body(
    request: Request, limits: Limits, inflight: CapacityLimiter
) -> AsyncIterator[bytes]:
    """The whole body, which counts as held until the block ends. Raises RequestError, having read
    no more than what is allowed."""
    _check_headers(request, limits)
    with inflight.reserve(0) as stay:
        try:
            async with asyncio.timeout(limits.timeout):
                body = await _read_chunks(request, limits, stay)
        except TimeoutError:
            raise ApiError(
                REQUEST_TIMEOUT, f"the request did not arrive within {limits.timeout:g} s"
            ) from None
        except ClientDisconnect:
            raise ApiError(CLIENT_CLOSED_REQUEST, "the client has gone") from None
        if not body:
            raise ApiError(
                BAD_REQUEST, "the body is empty: send a photo, a form of photos, or JSON"
            )
        yield body


def _check_headers(request: Request, limits: Limits) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise ApiError(
            UNSUPPORTED_MEDIA_TYPE,
            f"content encoding '{encoding}' is not taken: send the body as it is",
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
        REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than the {limits.max_body_bytes / 1e6:g} MB that this server takes: send fewer photos",
    )
