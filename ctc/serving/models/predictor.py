"""From the events that a request asks for to what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import Outcome, event_prediction
from ctc.serving.config import ServeConfig
from ctc.serving.http.capacity import Room
from ctc.serving.http.errors import TOO_LARGE, RequestError
from ctc.serving.http.metrics import Metrics
from ctc.serving.inputs import AskedEvent
from ctc.serving.models.batcher import Answered
from ctc.serving.models.registry import Served


class Predictor:
    """Asks models. For the event loop."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        limits = config.limits
        self._config, self._metrics = config, metrics
        self._queue = Room(limits.queue, f"{limits.queue:,} photos wait already", metrics.queued)

    async def ask(self, served: Served, events: Sequence[AskedEvent]) -> list[Outcome]:
        """What comes of each event, in order. Raises RequestError when there are too many photos for one request, or for now, and
        CtcError when the network can't be run."""
        limits = self._config.limits
        count = sum(len(event.photos) for event in events)
        if count > limits.photos:
            raise RequestError(
                TOO_LARGE, f"{count:,} photos in one request, more than the {limits.photos:,} that this server takes"
            )
        stacked = served.info.preprocessing.stacked
        pieces = [list(event.pieces(stacked, limits.pixels)) for event in events]
        with self._queue.places(count):
            answers = served.line.ask([piece for several in pieces for piece in several])
            try:
                await asyncio.gather(*answers)
            finally:
                for answer in answers:
                    answer.cancel()
        stream = iter(answers)
        outcomes = [
            self._outcome(served, event.id, list(islice(stream, len(several))))
            for event, several in zip(events, pieces, strict=True)
        ]
        failed = sum(len(outcome.failures) for outcome in outcomes)
        self._metrics.answered(served.name, count - failed, failed)
        return outcomes

    def _outcome(self, served: Served, event: str, answers: Sequence[Answered]) -> Outcome:
        found = [answer.result() for answer in answers]
        photos = tuple(photo for one in found for photo in one.photos)
        failures = tuple(failure for one in found for failure in one.failures)
        if not photos:
            return Outcome(failures, None)
        names = tuple(photo.path for photo in photos)
        return Outcome(
            failures, event_prediction(Event(event, names), photos, served.reading, self._config.aggregation)
        )
