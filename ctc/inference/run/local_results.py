"""Results predicted in this process and kept in a journal, from which the run can resume."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ctc.errors import InputError
from ctc.images.listing.folder_watch import FolderWatch
from ctc.inference.events.event import Event
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.run.output_writer import ResultStream
from ctc.inference.run.stats import RunStats
from ctc.inference.task import AnswerCodec, PhotoModel, TaskResult
from ctc.inference.update.answers import EarlierAnswers
from ctc.inference.update.content import ContentReader
from ctc.inference.update.pipeline import look_up, run_update


@dataclass(frozen=True)
class LocalResults:
    """A `ResultSource`. `part_file`: what the journal becomes at the end if the run is a shard.

    `answers`: what it becomes with `--update`, in place of that, if any event has an answer.
    `earlier`: what is taken over. `max_failures`: see `RunConfig`.
    """

    journal: Path
    events: EventCollection
    model: PhotoModel[Any, Any]
    codec: AnswerCodec[Any, Any]
    pipeline: PipelineConfig
    header: RunHeader
    part_file: Path | None = None
    answers: Path | None = None
    earlier: EarlierAnswers[Any, Any] | None = None
    max_failures: int | None = None

    @contextmanager
    def open(self, stats: RunStats) -> Iterator[ResultStream]:
        """See `ResultSource.open`."""
        with (
            Journal(self.journal, self.header, self.codec) as journal,
            closing(self._results(journal, stats)) as results,
        ):
            yield ResultStream(results, journal.seal)
            if self.part_file:
                journal.finalize(self.part_file)
            elif self.answers and stats.events:
                journal.finalize(self.answers)

    def shard_events(self) -> Iterator[Event]:
        """Return the events of the shard, or all."""
        index, count = self.header.shard
        return islice(self.events, index, None, count)

    def found_events(self) -> Iterator[tuple[Event, bool]]:
        """Yield the events of the shard, and whether each is taken over from an earlier run."""
        if self.earlier is None:
            yield from ((event, False) for event in self.shard_events())
            return
        reader = ContentReader(FolderWatch(self.header.image_root).read)
        found = look_up(self.model, self.shard_events(), self.pipeline, reader, self.earlier)
        yield from ((event, result is not None) for event, result in found)

    def predict(self, events: Iterable[Event]) -> Generator[TaskResult[Any]]:
        """Yield the result of each event, in order, without a journal; none is taken over."""
        watch = FolderWatch(self.header.image_root)
        return run_pipeline(self.model, events, self.pipeline, watch.read)

    def _predict(self, events: Iterable[Event], watch: FolderWatch) -> Generator[TaskResult[Any]]:
        if not self.header.is_updatable:
            return run_pipeline(self.model, events, self.pipeline, watch.read)
        return run_update(self.model, events, self.pipeline, watch, self.earlier)

    def _results(self, journal: Journal[Any], stats: RunStats) -> Generator[TaskResult[Any]]:
        """Yield the results in the journal, then new ones, which are appended to it."""
        events, watch = self.shard_events(), FolderWatch(self.header.image_root)
        for result in journal.read_results():
            _check_same_event(result, next(events, None), journal.path)
            stats.resumed += 0 if result.is_taken_over else result.photos
            for photo in result.prediction.images if result.prediction else ():
                watch.expect(photo.path)
            yield result
        with closing(self._predict(events, watch)) as new:
            try:
                yield from self._append(new, journal)
            finally:
                journal.flush()

    def _append(
        self, results: Iterable[TaskResult[Any]], journal: Journal[Any]
    ) -> Iterator[TaskResult[Any]]:
        """Yield the results, and append them to the journal.

        With --max-failures, failures are held back until a prediction follows: if there are too
        many of them, the next run tries these photos again.
        """
        held: list[TaskResult[Any]] = []
        for result in results:
            held.append(result)
            if result.prediction or self.max_failures is None:
                _append_all(held, journal)
            yield result
        _append_all(held, journal)


def _append_all(held: list[TaskResult[Any]], journal: Journal[Any]) -> None:
    for result in held:
        journal.append(result)
    held.clear()


def _check_same_event(result: TaskResult[Any], event: Event | None, journal: Path) -> None:
    prediction = result.prediction
    if event is None or (prediction and prediction.id != event.id):
        raise InputError(
            f"the photos have changed since '{journal}' was started: delete it to start over"
        )
