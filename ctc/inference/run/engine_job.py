"""One run of `ctc predict --engine`: the engine's workers predict it part by part, and what they
wrote is united as it comes."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ctc.artifacts.failures import failure_path
from ctc.errors import UsageError
from ctc.inference.config import PredictConfig, Summary
from ctc.inference.events.sources import EventCollection, find_events
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import read_header, read_part
from ctc.inference.journal.lines import encode_line
from ctc.inference.pipeline.pipeline import EventResult
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.inference.run.chunks import (
    Chunk,
    chunk_path,
    chunks_folder,
    exclusive_lock,
    finished_chunks,
    header_path,
    photos_per_chunk,
    remove_chunks,
    split_events,
)
from ctc.inference.run.engine_tasks import PredictTask, ProbeTask
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.output_writer import write_output
from ctc.inference.run.resume import check_output_path, matching_header, new_header, output_context
from ctc.inference.run.stats import ProgressCallback, RunStats
from ctc.plugin import Aggregation, OutputContext, OutputFormat
from ctc.plugin.engine_run import BoundEngine, WorkerContext
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values
from ctc.runtime.batch_size import ResolvedRuntime
from ctc.runtime.model_bytes import read_model
from ctc.runtime.providers import RuntimeConfig as Network
from ctc.runtime.session import open_model
from ctc.storage.atomic import atomic_write, remove
from ctc.storage.remote_files import discard_local_copy


@dataclass(frozen=True)
class EngineJob:
    """A prediction run that is ready to go. `journal`: the folder of its parts."""

    config: PredictConfig
    target: Path
    journal: Path
    engine: BoundEngine
    postprocessor: Postprocessor
    events: EventCollection
    format: OutputFormat
    context: OutputContext
    header: RunHeader

    @property
    def photos(self) -> int:
        """How many photos there are."""
        return self.events.photos

    def run(self, advance: ProgressCallback) -> Summary:
        """As `Job.run`. An engine that fails leaves the parts that are whole, and the same run goes
        on from there."""
        start = time.perf_counter()
        tally = RunStats(advance)
        with exclusive_lock(self.journal):
            self._write_header()
            with closing(self._event_results(tally)) as outcomes:
                write_output(outcomes, self.target, self.format, self.context, tally)
        remove(self.journal)
        failures = failure_path(self.target)
        tally.require_any_prediction(failures)
        return tally.summary(failures, start)

    def _write_header(self) -> None:
        """The heading goes into the folder; parts of another run, which is given up, go."""
        path = header_path(self.journal)
        if read_header(path) != self.header:
            remove_chunks(self.journal)
            with atomic_write(path) as partial:
                partial.write_bytes(encode_line(self.header.to_json()))

    def _event_results(self, tally: RunStats) -> Generator[EventResult]:
        """Those of all parts, in order: a part is read when it is done and all before it have been
        read."""
        earlier = finished_chunks(self.journal)
        done = set(earlier)
        with closing(self._run_chunks(earlier)) as results:
            for number in count():
                while number not in done:
                    part = next(results, None)
                    if part is None:
                        return
                    done.add(part.number)
                path = chunk_path(self.journal, number)
                for outcome in read_part(path, self.header):
                    tally.resumed += outcome.photos if number in earlier else 0
                    yield outcome
                discard_local_copy(path)
                done.discard(number)

    def _run_chunks(self, earlier: set[int]) -> Generator[Chunk]:
        """The parts, as the engine finishes them, but for those that were there earlier."""
        size = photos_per_chunk(self.events.photos, self.header.batch_size)
        parts = (part for part in split_events(self.events, size) if part.number not in earlier)
        for part, _ in self.engine.map(self._task(), parts):
            yield part

    def _task(self) -> PredictTask:
        config = self.config
        return PredictTask(
            worker_context=WorkerContext(Path.cwd()),
            model=config.model.absolute(),
            postprocessor=self.postprocessor,
            aggregation=config.aggregation,
            truncated=config.truncated,
            header=self.header,
            folder=self.journal.absolute(),
            cores=config.threads,
        )


def prepare_engine_job(config: PredictConfig, engine_name: str, plugins: Plugins) -> EngineJob:
    """As `prepare`, for an engine: its first worker decides what runs the network, since this
    machine may have other devices."""
    engine = BoundEngine.resolve(engine_name, config.engine_options, plugins)
    output_format = choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    if config.shard is not None:
        raise UsageError(
            "--shard and --engine exclude each other: an engine cuts the run into parts itself"
        )
    check_output_path(config, config.output, output_format)
    plugins.get(Aggregation, config.aggregation)
    file = read_model(config.model)
    events = find_events(config.sources, config.columns, config.image_root, config.events_within)
    identity = config.identity(file.digest, events.digest)
    folder = chunks_folder(config.output)
    kept = matching_header(header_path(folder), identity, config.overwrite)
    reading = make_postprocessor(
        open_model(file, Network("cpu")).info, config.threshold, config.class_list
    )
    heading = kept or new_header(
        config, identity, _probe_runtime(config, engine, events), reading, events
    )
    context = output_context(heading, options)
    return EngineJob(
        config, config.output, folder, engine, reading, events, output_format, context, heading
    )


def _probe_runtime(
    config: PredictConfig, engine: BoundEngine, events: EventCollection
) -> ResolvedRuntime:
    trial = ProbeTask(
        WorkerContext(Path.cwd()),
        config.model.absolute(),
        config.runtime,
        config.batch_size,
        events.photos,
    )
    results: Iterator[tuple[None, ResolvedRuntime]] = engine.map(trial, iter([None]))
    ((_, settings),) = results
    return settings
