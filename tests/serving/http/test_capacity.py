"""Limits on all requests together: bytes in memory and photos in the queue."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import ApiError

QUEUE_OF_FOUR = {
    "limits": {"max_queued_photos": 4, "max_photos": 4},
    "batch_size": 4,
    "max_batch_wait": 3600.0,
}
"""The network waits until the batch has four photos."""


def send_photos(server, photo: bytes, count: int):
    """Send `count` photos in one request."""
    return server.predict({"instances": [{"b64": b64encode(photo).decode()}] * count})


def test_capacity_limiter_counts_reservations_and_frees_them() -> None:
    used: list[int] = []
    limiter = CapacityLimiter(3, "3 units are in use", used.append)
    with limiter.reserve(1) as reservation:
        reservation.grow(2)
        with (
            pytest.raises(ApiError, match="3 units are in use; try again in 1 s") as refused,
            limiter.reserve(1),
        ):
            pass
    assert refused.value.status == 429
    assert (reservation.amount, used) == (3, [1, 3, 3, 0])


def test_capacity_refuses_more_bodies_than_fit_in_memory(serve, jpeg) -> None:
    server = serve(limits={"max_body_bytes": 1000, "max_inflight_bytes": 1000})
    with server.connect() as slow:
        slow.sendall(server.request_head(1000) + b"x" * 900)
        server.wait_for("ctc_held_bytes", 900)
        reply = server.send_photo(jpeg())
        assert (
            reply.status,
            reply.error.startswith("too many requests: 0.001 MB of requests"),
        ) == (429, True)
        assert int(reply.headers["retry-after"]) >= 1
    server.wait_for("ctc_held_bytes", 0)
    assert server.send_photo(jpeg()).status == 200


def test_capacity_refuses_photos_beyond_the_queue_and_recovers(serve, jpeg) -> None:
    server = serve(**QUEUE_OF_FOUR)
    with ThreadPoolExecutor() as clients:
        three = clients.submit(send_photos, server, jpeg(), 3)
        server.wait_for("ctc_queue_photos", 3)
        refused = send_photos(server, jpeg(), 2)
        assert (refused.status, refused.error) == (
            429,
            "too many requests: 4 photos are queued; try again in 1 s",
        )
        assert refused.headers["retry-after"] == "1"
        assert server.send_photo(jpeg()).status == three.result().status == 200


def test_capacity_is_freed_when_the_client_disconnects(serve, jpeg) -> None:
    server = serve(**QUEUE_OF_FOUR)
    with server.connect() as client:
        client.sendall(server.request_head(len(jpeg())) + jpeg())
        server.wait_for("ctc_queue_photos", 1)
    server.wait_for("ctc_queue_photos", 0)
    assert send_photos(server, jpeg(), 4).status == 200
