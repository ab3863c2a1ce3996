"""From the events that a request asks for to what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import EventResult, event_prediction
from ctc.serving.config import ServeConfig
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import REQUEST_ENTITY_TOO_LARGE, ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.inputs import EventRequest
from ctc.serving.models.batcher import PendingResult
from ctc.serving.models.registry import LoadedModel


class Predictor:
    """Asks models. For the event loop."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        limits = config.limits
        self._config, self._metrics = config, metrics
        self._queue = CapacityLimiter(
            limits.max_queued_photos,
            f"{limits.max_queued_photos:,} photos wait already",
            metrics.set_queued_photos,
        )

    async def predict(
        self, model: LoadedModel, events: Sequence[EventRequest]
    ) -> list[EventResult]:
        """What comes of each event, in order. Raises RequestError when there are too many photos
        for one request, or for now, and CtcError when the network can't be run."""
        limits = self._config.limits
        count = sum(len(event.photos) for event in events)
        if count > limits.max_photos:
            raise ApiError(
                REQUEST_ENTITY_TOO_LARGE,
                f"{count:,} photos in one request, more than the {limits.max_photos:,} that this server takes",
            )
        stacked = model.info.preprocessing.is_stacked
        pieces = [list(event.model_inputs(stacked, limits.max_pixels)) for event in events]
        with self._queue.reserve(count):
            answers = model.batcher.submit([piece for several in pieces for piece in several])
            try:
                await asyncio.gather(*answers)
            finally:
                for answer in answers:
                    answer.cancel()
        stream = iter(answers)
        outcomes = [
            self._event_result(model, event.id, list(islice(stream, len(several))))
            for event, several in zip(events, pieces, strict=True)
        ]
        failed = sum(len(outcome.failures) for outcome in outcomes)
        self._metrics.record_photos(model.name, count - failed, failed)
        return outcomes

    def _event_result(
        self, model: LoadedModel, event: str, results: Sequence[PendingResult]
    ) -> EventResult:
        found = [answer.result() for answer in results]
        photos = tuple(photo for one in found for photo in one.photos)
        failures = tuple(failure for one in found for failure in one.failures)
        if not photos:
            return EventResult(failures, None)
        names = tuple(photo.path for photo in photos)
        return EventResult(
            failures,
            event_prediction(
                Event(event, names), photos, model.postprocessor, self._config.aggregation
            ),
        )
