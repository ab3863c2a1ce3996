"""A run of a photo task: checked before it starts, its files put in place when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ctc.artifacts.cameras.clock_offsets import ClockOffsets
from ctc.artifacts.failures import failure_path
from ctc.artifacts.repeats import REPEATS
from ctc.errors import UsageError
from ctc.inference.config import RunConfig, Summary
from ctc.inference.events.sources import EventCollection, find_events
from ctc.inference.gpu_decode.device import decoder_device, require_gpu_decoding
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import journal_path
from ctc.inference.journal.reader import read_header
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.run.chunks import chunks_folder, header_path
from ctc.inference.run.corrected_times import CLOCK_OFFSETS, check_clock_offsets
from ctc.inference.run.engine_results import EngineResults, probe_runtime
from ctc.inference.run.kind import ConfigT, RunKind
from ctc.inference.run.local_results import LocalResults
from ctc.inference.run.output_checks import check_output_path
from ctc.inference.run.output_writer import ResultStream, output_context, write_output
from ctc.inference.run.resume import matching_header, new_header
from ctc.inference.run.stats import ProgressCallback, RunStats
from ctc.inference.task import HeaderFacts, Network, PhotoModel, PhotoTask
from ctc.inference.update.answers import answers_path
from ctc.inference.update.plan import UpdatePlan, plan_update, read_earlier
from ctc.inference.update.seen import SeenPhotos
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.engine_run import BoundEngine
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values
from ctc.runtime.batch_size import measured_runtime
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.opening import ModelOpening

_NO_REPEAT = (
    "no box is at a place of --repeats, whose folders start at '{root}': if the photos have moved, "
    "change 'image_root' in the list"
)


class ResultSource(Protocol):
    """Where the results of a run come from: this process, an engine's workers, or part files."""

    def open(self, stats: RunStats) -> AbstractContextManager[ResultStream]:
        """Return the results, in the order of the events.

        Leaving the block normally means that they are written: what an unfinished run keeps is
        removed. `stats.resumed` counts the photos of an earlier run.
        """


@dataclass(frozen=True)
class PhotoRun:
    """A run that is ready to start.

    `output`: the file of the whole run. `target`: the file that this run writes, which for a shard
    is its part file. `runtime`: what runs the network, resolved. `photos`: how many there are; None
    if not known. `events`: all events, None for a merge. `journal`: where an unfinished run keeps
    its results; None if it keeps none. `max_failures`: see `RunConfig`. `done`: see `RunKind`.
    `seen`: tells which photos of an earlier run are gone; None where none of it is taken over, and
    for a shard. `update_note`: why not, with `--update`.
    """

    source: ResultSource
    header: RunHeader
    runtime: RuntimeConfig
    format: OutputFormat
    context: OutputContext
    output: Path
    target: Path
    photos: int | None = None
    events: EventCollection | None = None
    journal: Path | None = None
    max_failures: int | None = None
    done: str = "predicted"
    seen: SeenPhotos | None = None
    update_note: str = ""

    @property
    def source_notes(self) -> tuple[str, ...]:
        """What the user should know about the sources."""
        return self.events.notes if self.events else ()

    @property
    def resumes(self) -> bool:
        """Whether the results of an unfinished run are taken over."""
        if self.journal is None:
            return False
        path = header_path(self.journal) if self.journal.is_dir() else self.journal
        return read_header(path) == self.header

    def run(self, advance: ProgressCallback) -> Summary:
        """Write the output and the list of failures; `advance(photos, failed)` counts them.

        Raises InputError, with the failures written but no output, when not one photo could be
        used.
        """
        start = time.perf_counter()
        stats = RunStats(advance, self.max_failures, self.done, seen=self.seen)
        notes = self.source_notes
        is_part = self.target != self.output
        told: tuple[str, ...] = ()
        with self.source.open(stats) as results:
            if is_part:
                stats.count(results.results)
            else:
                told = write_output(results, self.target, self.format, self.context, stats)
        failures = failure_path(self.output)
        if not is_part:
            stats.require_any_answer(failures)
        new_notes = tuple(note for note in self.source_notes if note not in notes)
        root = self.header.settings.get(REPEATS)
        set_aside = None if root is None else stats.set_aside
        if set_aside == 0:
            new_notes += (_NO_REPEAT.format(root=root),)
        found = stats.summary(failures, start)
        return replace(found, notes=new_notes, set_aside=set_aside, decided=told)


def find_sources(config: RunConfig) -> EventCollection:
    """Return the events of photos, folders and tables; see `find_events`."""
    offsets = ClockOffsets.read(config.clock_offset) if config.clock_offset else None
    found = find_events(
        config.sources,
        config.columns,
        config.image_root,
        config.events_within,
        config.frames,
        offsets,
        config.truncated,
    )
    return found if offsets is None else check_clock_offsets(found, offsets)


def prepare_photo_run(
    config: ConfigT,
    kind: RunKind[ConfigT],
    plugins: Plugins,
    find: Callable[[ConfigT], EventCollection] = find_sources,
) -> PhotoRun:
    """Check output, options, model and sources, fastest first.

    `find` returns the events of the sources. Raises CtcError for the first check that fails.
    """
    engine = (
        BoundEngine.resolve(config.engine, config.engine_options, plugins)
        if config.engine
        else None
    )
    output_format = kind.choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    if engine and config.shard:
        raise UsageError("--shard and --engine exclude each other: an engine splits the run itself")
    target = config.shard.part_path(config.output) if config.shard else config.output
    check_output_path(config, target, output_format, options)
    config = kind.check(config, plugins)
    if config.decode == "gpu" and not engine:
        require_gpu_decoding()
    file = read_model(config.model)
    journal = chunks_folder(target) if engine else journal_path(target)
    unfinished = header_path(journal) if engine else journal
    plan = plan_update(config, file.digest, unfinished.exists())
    source = _open_source(config, kind, target, engine, find, file, unfinished, plan)
    return PhotoRun(
        source,
        source.header,
        source.pipeline.runtime,
        output_format,
        output_context(source.header, options),
        config.output,
        target,
        None if config.shard else source.events.photos,
        source.events,
        source.journal,
        config.max_failures,
        kind.done,
        source.earlier.seen_photos() if source.earlier and not config.shard else None,
        plan.note,
    )


def _open_source(
    config: ConfigT,
    kind: RunKind[ConfigT],
    target: Path,
    engine: BoundEngine | None,
    find: Callable[[ConfigT], EventCollection],
    file: ModelFile,
    unfinished: Path,
    plan: UpdatePlan,
) -> LocalResults | EngineResults:
    journal = unfinished.parent if engine else unfinished
    asked = plan.runtime(config.runtime)
    # what runs the network is known at once, unless an unfinished run or an engine decides it
    opening = None if engine or unfinished.exists() else ModelOpening(kind.open, file, asked)
    try:
        events = find(config)
        identity = config.identity(file.digest, events.digest)
    except BaseException:
        if opening:
            opening.abandon()
        raise
    kept = matching_header(unfinished, identity, config.overwrite)
    threads = config.runtime.threads
    wanted = replace(kept.runtime, threads=threads) if kept else asked
    # the workers of an engine may have other devices: here only the model's metadata are needed
    network = (
        opening.result() if opening else kind.open(file, RuntimeConfig("cpu") if engine else wanted)
    )
    task = kind.task(config, network)
    model = task.bind(network)
    if config.decode == "gpu" and not engine:
        decoder_device(network.runtime.provider, model.preprocessing)
    if kept is None:
        resolved = _resolve(replace(config, runtime=asked), engine, task, model, events)
        facts = _facts(config, kind, task, network, events)
        header = new_header(config, identity, resolved, facts, events)
    else:
        header = kept
    runtime = replace(header.runtime, threads=threads)
    pipeline = PipelineConfig(runtime, config.truncated, config.decode)
    codec = kind.codec(header)
    earlier = read_earlier(config, plan, header, codec)
    if engine:
        return EngineResults(
            journal,
            events,
            task,
            codec,
            pipeline,
            header,
            engine,
            config.model,
            config.output,
            earlier,
        )
    return LocalResults(
        journal,
        events,
        model,
        codec,
        pipeline,
        header,
        part_file=target if config.shard else None,
        answers=answers_path(config.output) if header.is_updatable else None,
        earlier=earlier,
        max_failures=config.max_failures,
    )


def _resolve(
    config: RunConfig,
    engine: BoundEngine | None,
    task: PhotoTask[Any, Any],
    model: PhotoModel[Any, Any],
    events: EventCollection,
) -> RuntimeConfig:
    """Return what runs the network, with a batch size; an engine's first worker chooses it."""
    if engine:
        return probe_runtime(config, engine, task, events)
    photos = events.photos // (config.shard.count if config.shard else 1)
    return measured_runtime(model.network, photos, model.run, model.preprocessing)


def _facts(
    config: ConfigT,
    kind: RunKind[ConfigT],
    task: PhotoTask[Any, Any],
    network: Network,
    events: EventCollection,
) -> HeaderFacts:
    """Return what the results have in common, and how they are decided about and corrected."""
    facts = task.facts(network)
    facts = facts.with_decisions(kind.decisions(config, network, facts.schema, events))
    if config.clock_offset is None:
        return facts
    offsets = ClockOffsets.read(config.clock_offset).to_json()
    return replace(facts, settings={**facts.settings, CLOCK_OFFSETS: offsets})
