"""The body of a request: of limited size, in limited time, and no more of it at a time than memory should hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from ctc.serving.config import Limits
from ctc.serving.http.capacity import Room, Stay
from ctc.serving.http.errors import BAD_REQUEST, GONE, TIMEOUT, TOO_LARGE, UNSUPPORTED, RequestError


@asynccontextmanager
async def body_of(request: Request, limits: Limits, held: Room) -> AsyncIterator[bytes]:
    """The whole body, which counts as held until the block ends. Raises RequestError, having read no more than what is allowed."""
    _check_head(request, limits)
    with held.places(0) as stay:
        try:
            async with asyncio.timeout(limits.seconds):
                body = await _read(request, limits, stay)
        except TimeoutError:
            raise RequestError(TIMEOUT, f"the request did not arrive within {limits.seconds:g} s") from None
        except ClientDisconnect:
            raise RequestError(GONE, "the client has gone") from None
        if not body:
            raise RequestError(BAD_REQUEST, "the body is empty: send a photo, a form of photos, or JSON")
        yield body


def _check_head(request: Request, limits: Limits) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise RequestError(UNSUPPORTED, f"content encoding '{encoding}' is not taken: send the body as it is")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.body:
        raise _too_large(limits)


async def _read(request: Request, limits: Limits, stay: Stay) -> bytes:
    chunks: list[bytes] = []
    async for chunk in request.stream():
        stay.extend(len(chunk))
        if stay.places > limits.body:
            raise _too_large(limits)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limits: Limits) -> RequestError:
    return RequestError(
        TOO_LARGE, f"the body is larger than the {limits.body / 1e6:g} MB that this server takes: send fewer photos"
    )
