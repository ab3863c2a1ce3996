"""What `/metrics` tells, in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The figures of one server; whatever it does is told here as it happens."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "ctc_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ctc_request_seconds", "From the head of a request to the end of its answer.", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._photos = Counter(
            "ctc_photos", "Photos by what came of them.", ["model", "outcome"], registry=registry
        )
        self._batches = Histogram(
            "ctc_batch_photos",
            "Photos that the network saw at a time.",
            ["model"],
            buckets=_SIZES,
            registry=registry,
        )
        self._queue = Gauge(
            "ctc_queue_photos", "Photos that wait or are worked on.", registry=registry
        )
        self._inflight_bytes = Gauge(
            "ctc_held_bytes", "Bytes of the requests that are under way.", registry=registry
        )
        self._model_version = Gauge(
            "ctc_model_version",
            "How many files were served under this name.",
            ["model"],
            registry=registry,
        )
        self._reloads = Counter(
            "ctc_model_reloads",
            "Changed model files by what came of them.",
            ["model", "outcome"],
            registry=registry,
        )
        self._stale = Gauge(
            "ctc_model_stale",
            "1 when the newest file of a model can't be served.",
            ["model"],
            registry=registry,
        )

    def text(self) -> bytes:
        """All figures as they are now."""
        return generate_latest(self._registry)

    def record_request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def record_photos(self, model: str, predicted: int, failed: int) -> None:
        self._photos.labels(model, "predicted").inc(predicted)
        self._photos.labels(model, "failed").inc(failed)

    def batch_size_observer(self, model: str) -> Callable[[int], None]:
        """A function that is told the size of each batch of a model."""
        return self._batches.labels(model).observe

    def set_queued_photos(self, photos: int) -> None:
        self._queue.set(photos)

    def set_inflight_bytes(self, bytes_: int) -> None:
        self._inflight_bytes.set(bytes_)

    def set_model_version(self, model: str, version: int) -> None:
        self._model_version.labels(model).set(version)
        self._stale.labels(model).set(0)

    def record_reload(self, model: str) -> None:
        self._reloads.labels(model, "served").inc()
        self._stale.labels(model).set(0)

    def record_failed_reload(self, model: str) -> None:
        self._reloads.labels(model, "refused").inc()
        self._stale.labels(model).set(1)
