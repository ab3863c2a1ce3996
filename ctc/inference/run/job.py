"""One run of `ctc predict`: checked as a whole before it starts, its files in place as a whole when
it ends."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctc.artifacts.failures import failure_path
from ctc.errors import InputError
from ctc.inference.config import PredictConfig, Summary
from ctc.inference.events.event import Event
from ctc.inference.events.sources import EventCollection, find_events
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal, journal_path
from ctc.inference.pipeline.pipeline import EventResult, PipelineConfig, predict
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.output_writer import write_output
from ctc.inference.run.resume import check_output_path, matching_header, new_header, output_context
from ctc.inference.run.stats import ProgressCallback, RunStats
from ctc.plugin import Aggregation, OutputContext, OutputFormat
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values
from ctc.runtime.batch_size import ResolvedRuntime, resolve_runtime
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import Model, open_model

__all__ = ["Job", "PredictConfig", "Summary", "prepare_job"]


@dataclass(frozen=True)
class Job:
    """A prediction run that is ready to go. `target`: the output, or the part of it that a shard
    makes."""

    config: PredictConfig
    target: Path
    model: Model
    postprocessor: Postprocessor
    events: EventCollection
    aggregation: Aggregation
    format: OutputFormat
    context: OutputContext
    header: RunHeader

    @property
    def journal(self) -> Path:
        """Where an unfinished run keeps what is done."""
        return journal_path(self.target)

    @property
    def photos(self) -> int | None:
        """How many photos there are; None for a shard, which finds out as it goes."""
        return self.events.photos if self.config.shard is None else None

    def run(self, advance: ProgressCallback) -> Summary:
        """Predict everything and write output and failures; `advance(photos done, failed)` is
        called as they come.

        Raises InputError, with the failures written but no output, when not one photo could be
        predicted."""
        start = time.perf_counter()
        tally = RunStats(advance)
        with (
            Journal(self.journal, self.header) as journal,
            closing(self._event_results(journal, tally)) as outcomes,
        ):
            if self.config.shard is None:
                write_output(outcomes, self.target, self.format, self.context, tally)
            else:
                for outcome in outcomes:
                    tally.update(outcome)
                journal.finalize(self.target)
        failures = failure_path(self.config.output)
        if self.config.shard is None:
            tally.require_any_prediction(failures)
        return tally.summary(failures, start)

    def shard_events(self) -> Iterator[Event]:
        """All, or those of the shard."""
        index, count = self.header.shard
        return islice(self.events, index, None, count)

    def predict(self, events: Iterable[Event]) -> Generator[EventResult]:
        """What comes of each, in order; nothing is kept."""
        pipeline = PipelineConfig(
            self.header.batch_size, self.config.threads, self.config.truncated
        )
        return predict(self.model, self.postprocessor, events, self.aggregation, pipeline)

    def _event_results(self, journal: Journal, tally: RunStats) -> Generator[EventResult]:
        """Those that the journal holds, then new ones, which it keeps."""
        events = self.shard_events()
        for outcome in journal.read_results():
            _check_same_event(outcome, next(events, None), journal.path)
            tally.resumed += outcome.photos
            yield outcome
        with closing(self.predict(events)) as new:
            try:
                for outcome in new:
                    journal.append(outcome)
                    yield outcome
            finally:
                journal.flush()


def _resolve_runtime(
    config: PredictConfig, model: Model, events: EventCollection
) -> ResolvedRuntime:
    photos = events.photos // config.shard.count if config.shard else events.photos
    return resolve_runtime(model, config.batch_size, photos, config.threads)


def _check_same_event(result: EventResult, event: Event | None, journal: Path) -> None:
    prediction = result.prediction
    if event is None or (prediction and prediction.id != event.id):
        raise InputError(
            f"the photos have changed since '{journal}' was begun: remove it to begin anew"
        )


def prepare_job(config: PredictConfig, plugins: Plugins) -> Job:
    """Check the output, names, model and sources, quickest first. Raises CtcError for the first
    that won't do."""
    target = config.shard.part_path(config.output) if config.shard else config.output
    output_format = choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    check_output_path(config, target, output_format)
    aggregation = plugins.get(Aggregation, config.aggregation)
    file = read_model(config.model)
    events = find_events(config.sources, config.columns, config.image_root, config.events_within)
    identity = config.identity(file.digest, events.digest)
    kept = matching_header(journal_path(target), identity, config.overwrite)
    model = open_model(file, kept.runtime_config(config.threads) if kept else config.runtime)
    reading = make_postprocessor(model.info, config.threshold, config.class_list)
    heading = kept or new_header(
        config, identity, _resolve_runtime(config, model, events), reading, events
    )
    context = output_context(heading, options)
    return Job(config, target, model, reading, events, aggregation, output_format, context, heading)
