"""Prediction of the events of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from itertools import islice

from ctc.inference.classification import EventResult
from ctc.inference.events.event import Event
from ctc.serving.config import ServeConfig
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.inputs import EventRequest
from ctc.serving.models.batcher import PendingResult
from ctc.serving.models.registry import LoadedModel


class Predictor:
    """Sends the photos of requests through the batchers; to be used in the event loop."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        limits = config.limits
        self._config, self._metrics = config, metrics
        self._queue = CapacityLimiter(
            limits.max_queued_photos,
            f"{limits.max_queued_photos:,} photos are queued",
            metrics.set_queued_photos,
        )

    async def predict(
        self, model: LoadedModel, events: Sequence[EventRequest]
    ) -> list[EventResult]:
        """Return the result of each event, in order.

        Raises ApiError for too many photos in the request or in the queue, and CtcError when the
        network can't be run.
        """
        limits = self._config.limits
        count = sum(len(event.photos) for event in events)
        if count > limits.max_photos:
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{count:,} photos in one request, more than the limit of {limits.max_photos:,}",
            )
        stacked = model.preprocessing.is_stacked
        inputs = [list(event.model_inputs(stacked, limits.max_pixels)) for event in events]
        with self._queue.reserve(count):
            pending = model.batcher.submit([one for group in inputs for one in group])
            try:
                await asyncio.gather(*pending)
            finally:
                for future in pending:
                    future.cancel()
        remaining = iter(pending)
        results = [
            self._event_result(model, event.id, list(islice(remaining, len(group))))
            for event, group in zip(events, inputs, strict=True)
        ]
        failed = sum(len(result.failures) for result in results)
        self._metrics.record_photos(model.name, count - failed, failed)
        return results

    def _event_result(
        self, model: LoadedModel, event: str, pending: Sequence[PendingResult]
    ) -> EventResult:
        results = [future.result() for future in pending]
        photos = tuple(photo for result in results for photo in result.photos)
        failures = tuple(failure for result in results for failure in result.failures)
        if not photos:
            return EventResult(failures, None)
        names = tuple(photo.path for photo in photos)
        return EventResult(failures, model.photo_model.event(Event(event, names), photos))
