"""Prediction of the events of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any, NamedTuple

from ctc.artifacts.predictions import Failure
from ctc.images.clips.frame_choice import FrameChoice
from ctc.inference.classification import EventResult
from ctc.inference.events.event import Event
from ctc.serving.clips import RequestClips, has_clip
from ctc.serving.config import ServeConfig
from ctc.serving.http.capacity import CapacityLimiter
from ctc.serving.http.errors import ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.inputs import ClipFrame, EncodedInput, EventRequest, RequestInput
from ctc.serving.models.registry import LoadedModel

_CLIPS_AT_ONCE = 2
"""Requests whose clips are decoded at the same time; a decoder uses all cores itself."""
_FRAMES_AT_ONCE = 4
"""Decoded frames of a request that wait; one of 4K takes 25 MB."""


class _Answer(NamedTuple):
    """What became of the photos of an input."""

    photos: tuple[Any, ...]
    failures: tuple[Failure, ...]


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
        self._turns = asyncio.Semaphore(_CLIPS_AT_ONCE)

    async def predict(
        self, model: LoadedModel, events: Sequence[EventRequest], frames: FrameChoice
    ) -> list[EventResult]:
        """Return the result of each event, in order; `frames`: which ones of clips are used.

        Raises ApiError for too many photos in the request or in the queue, and CtcError when the
        network can't be run.
        """
        if not has_clip(events):
            return await self._predict(model, events, len)
        clips = RequestClips(self._config.limits, self._config.truncated, frames)
        try:
            async with self._turns:
                expanded = await asyncio.to_thread(clips.expand, events)
                return await self._predict(model, expanded, lambda inputs: _FRAMES_AT_ONCE)
        finally:
            clips.stopped.set()

    async def _predict(
        self,
        model: LoadedModel,
        events: Sequence[EventRequest],
        at_once: Callable[[Sequence[RequestInput]], int],
    ) -> list[EventResult]:
        limits = self._config.limits
        count = sum(len(event.photos) for event in events)
        if count > limits.max_photos:
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{count:,} photos in one request, more than the limit of {limits.max_photos:,}",
            )
        stacked = model.preprocessing.is_stacked
        groups = [list(event.model_inputs(stacked, limits.max_pixels)) for event in events]
        inputs = [one for group in groups for one in group]
        with self._queue.reserve(count):
            answers = await self._answers(model, inputs, at_once(inputs))
        remaining = iter(answers)
        results = [
            self._event_result(model, event.id, list(islice(remaining, len(group))))
            for event, group in zip(events, groups, strict=True)
        ]
        failed = sum(len(result.failures) for result in results)
        self._metrics.record_photos(model.name, count - failed, failed)
        return results

    async def _answers(
        self, model: LoadedModel, inputs: Sequence[RequestInput], at_once: int
    ) -> list[_Answer]:
        """Return the answer of each input; frames of clips are decoded a few at a time."""
        answers: list[_Answer] = []
        for start in range(0, len(inputs), max(1, at_once)):
            some = inputs[start : start + at_once]
            if _has_frames(some):
                some = await asyncio.to_thread(_load_frames, some)
            pending = model.batcher.submit(some)
            try:
                await asyncio.gather(*pending)
            finally:
                for future in pending:
                    future.cancel()
            answers += [_Answer(one.result().photos, one.result().failures) for one in pending]
        return answers

    def _event_result(
        self, model: LoadedModel, event: str, answers: Sequence[_Answer]
    ) -> EventResult:
        photos = tuple(photo for answer in answers for photo in answer.photos)
        failures = tuple(failure for answer in answers for failure in answer.failures)
        if not photos:
            return EventResult(failures, None)
        names = tuple(photo.path for photo in photos)
        return EventResult(failures, model.photo_model.event(Event(event, names), photos))


def _has_frames(inputs: Sequence[RequestInput]) -> bool:
    return any(
        isinstance(photo, ClipFrame)
        for one in inputs
        if isinstance(one, EncodedInput)
        for photo in one.photos
    )


def _load_frames(inputs: Sequence[RequestInput]) -> list[RequestInput]:
    return [one.load_frames() if isinstance(one, EncodedInput) else one for one in inputs]
