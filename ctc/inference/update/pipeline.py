"""The pipeline of a run with `--update`: events that an earlier run had don't get into it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Generic

from ctc.images.listing.folder_watch import FolderWatch
from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.task import EventT, PhotoModel, PhotoT, TaskResult
from ctc.inference.update.answers import EarlierAnswers
from ctc.inference.update.content import ContentReader

MAX_WAITING = 4_096
"""Events that wait for one before them; then the pipeline ends its batch, and starts anew."""
_AHEAD = 4
"""Events per thread that are looked up ahead."""

Found = tuple[Event, TaskResult[EventT] | None]
_Lookup = tuple[Event, Future[TaskResult[EventT] | None]]


def run_update(
    model: PhotoModel[PhotoT, EventT],
    events: Iterable[Event],
    config: PipelineConfig,
    watch: FolderWatch,
    earlier: EarlierAnswers[PhotoT, EventT] | None,
) -> Generator[TaskResult[EventT]]:
    """Yield the result of each event with the contents of its photos, in order.

    Those in `earlier` are taken over, the others come from the pipeline.
    """
    reader = ContentReader(watch.read)
    if earlier is None:
        for result in run_pipeline(model, events, config, reader.read):
            yield reader.attach(result)
        return
    with closing(look_up(model, events, config, reader, earlier)) as found:
        stretch = _Stretch(found, watch)
        while not stretch.is_last:
            for result in run_pipeline(model, stretch.new_events(), config, reader.read):
                yield from stretch.before_next()
                yield reader.attach(result)
            yield from stretch.before_next()


class _Stretch(Generic[EventT]):
    """A stretch of events: the new ones, for the pipeline, and the results that wait for them."""

    def __init__(self, found: Iterator[Found[EventT]], watch: FolderWatch) -> None:
        self._found, self._watch = found, watch
        self._waiting: deque[TaskResult[EventT] | None] = deque()
        self.is_last = False

    def new_events(self) -> Iterator[Event]:
        """Yield the events that are not known, until MAX_WAITING wait; `is_last`: all were seen."""
        while len(self._waiting) < MAX_WAITING:
            event, result = next(self._found, (None, None))
            if event is None:
                self.is_last = True
                return
            self._waiting.append(result)
            if result is None:
                yield event
            else:
                self._watch.expect(event.images[0])

    def before_next(self) -> Iterator[TaskResult[EventT]]:
        """Yield the known results before the next new event, and take the place of that."""
        while self._waiting:
            result = self._waiting.popleft()
            if result is None:
                return
            yield result


def look_up(
    model: PhotoModel[PhotoT, EventT],
    events: Iterable[Event],
    config: PipelineConfig,
    reader: ContentReader,
    earlier: EarlierAnswers[PhotoT, EventT],
) -> Generator[Found[EventT]]:
    """Yield each event with its result if that is known, in order, looked up in threads."""
    threads = earlier.threads(config.runtime.threads)
    pool, waiting = ThreadPoolExecutor(threads, "ctc-update"), deque[_Lookup[EventT]]()
    with earlier.reading():
        try:
            for event in events:
                waiting.append((event, pool.submit(earlier.find, event, model, reader)))
                if len(waiting) >= _AHEAD * threads:
                    yield _await(*waiting.popleft())
            while waiting:
                yield _await(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _await(event: Event, found: Future[TaskResult[EventT] | None]) -> Found[EventT]:
    return event, found.result()
