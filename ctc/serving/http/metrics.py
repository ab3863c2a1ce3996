"""The metrics of `/metrics`, in Prometheus's text format."""

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
    """The metrics of one server; its parts report to it as things happen."""

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
            "ctc_request_seconds",
            "Seconds from the request headers to the end of the response.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._photos = Counter(
            "ctc_photos", "Photos by outcome.", ["model", "outcome"], registry=registry
        )
        self._batches = Histogram(
            "ctc_batch_photos", "Photos per batch.", ["model"], buckets=_SIZES, registry=registry
        )
        self._queue = Gauge(
            "ctc_queue_photos", "Photos that wait or are being processed.", registry=registry
        )
        self._inflight_bytes = Gauge(
            "ctc_held_bytes", "Bytes of the requests in progress.", registry=registry
        )
        self._model_version = Gauge(
            "ctc_model_version",
            "Number of files that were loaded under this name.",
            ["model"],
            registry=registry,
        )
        self._reloads = Counter(
            "ctc_model_reloads",
            "Changed model files by outcome.",
            ["model", "outcome"],
            registry=registry,
        )
        self._stale = Gauge(
            "ctc_model_stale",
            "1 when the newest file of a model can't be loaded.",
            ["model"],
            registry=registry,
        )

    def text(self) -> bytes:
        """Return all metrics as they are now."""
        return generate_latest(self._registry)

    def record_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and how long it took."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def record_photos(self, model: str, predicted: int, failed: int) -> None:
        """Count the photos of a request."""
        self._photos.labels(model, "predicted").inc(predicted)
        self._photos.labels(model, "failed").inc(failed)

    def batch_size_observer(self, model: str) -> Callable[[int], None]:
        """Return a function that takes the size of each batch of `model`."""
        return self._batches.labels(model).observe

    def set_queued_photos(self, photos: int) -> None:
        """Set the number of photos that wait or are being processed."""
        self._queue.set(photos)

    def set_inflight_bytes(self, count: int) -> None:
        """Set the number of bytes of the requests in progress."""
        self._inflight_bytes.set(count)

    def set_model_version(self, model: str, version: int) -> None:
        """Set the version of a model, whose newest file is loaded now."""
        self._model_version.labels(model).set(version)
        self._stale.labels(model).set(0)

    def record_reload(self, model: str) -> None:
        """Count a changed model file that was loaded."""
        self._reloads.labels(model, "served").inc()
        self._stale.labels(model).set(0)

    def record_failed_reload(self, model: str) -> None:
        """Count a changed model file that could not be loaded."""
        self._reloads.labels(model, "refused").inc()
        self._stale.labels(model).set(1)
