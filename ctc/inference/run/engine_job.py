"""One run of `ctc predict --engine`: the engine's workers predict it part by part, and what they wrote is united as it comes."""

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
from ctc.inference.events.sources import Events, find_events
from ctc.inference.journal.header import Heading
from ctc.inference.journal.journal import read_heading, read_part
from ctc.inference.journal.lines import line_of
from ctc.inference.pipeline.pipeline import Outcome
from ctc.inference.postprocess import Reading, reading_of
from ctc.inference.run.chunks import (
    Part,
    alone,
    cut,
    heading_path,
    part_path,
    parts_folder,
    photos_per_part,
    remove_parts,
    whole_parts,
)
from ctc.inference.run.engine_tasks import PartWork, Trial
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.output_writer import write_output
from ctc.inference.run.resume import check_target, kept_heading, new_heading, output_context
from ctc.inference.run.stats import Advance, Tally
from ctc.plugin import Aggregation, OutputContext, OutputFormat
from ctc.plugin.engine_run import ChosenEngine, Site
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import options_of
from ctc.runtime.batch_size import Settings
from ctc.runtime.model_bytes import read_model
from ctc.runtime.providers import Engine as Network
from ctc.runtime.session import open_model
from ctc.storage.atomic import remove, whole_file
from ctc.storage.remote_files import drop_copy


@dataclass(frozen=True)
class PartedJob:
    """A prediction run that is ready to go. `journal`: the folder of its parts."""

    config: PredictConfig
    target: Path
    journal: Path
    engine: ChosenEngine
    reading: Reading
    events: Events
    format: OutputFormat
    context: OutputContext
    heading: Heading

    @property
    def photos(self) -> int:
        """How many photos there are."""
        return self.events.photos

    def run(self, advance: Advance) -> Summary:
        """As `Job.run`. An engine that fails leaves the parts that are whole, and the same run goes on from there."""
        start = time.perf_counter()
        tally = Tally(advance)
        with alone(self.journal):
            self._begin()
            with closing(self._outcomes(tally)) as outcomes:
                write_output(outcomes, self.target, self.format, self.context, tally)
        remove(self.journal)
        failures = failure_path(self.target)
        tally.check_some_predicted(failures)
        return tally.summary(failures, start)

    def _begin(self) -> None:
        """The heading goes into the folder; parts of another run, which is given up, go."""
        path = heading_path(self.journal)
        if read_heading(path) != self.heading:
            remove_parts(self.journal)
            with whole_file(path) as partial:
                partial.write_bytes(line_of(self.heading.to_json()))

    def _outcomes(self, tally: Tally) -> Generator[Outcome]:
        """Those of all parts, in order: a part is read when it is done and all before it have been read."""
        earlier = whole_parts(self.journal)
        done = set(earlier)
        with closing(self._results(earlier)) as results:
            for number in count():
                while number not in done:
                    part = next(results, None)
                    if part is None:
                        return
                    done.add(part.number)
                path = part_path(self.journal, number)
                for outcome in read_part(path, self.heading):
                    tally.resumed += outcome.photos if number in earlier else 0
                    yield outcome
                drop_copy(path)
                done.discard(number)

    def _results(self, earlier: set[int]) -> Generator[Part]:
        """The parts, as the engine finishes them, but for those that were there earlier."""
        size = photos_per_part(self.events.photos, self.heading.batch_size)
        parts = (part for part in cut(self.events, size) if part.number not in earlier)
        for part, _ in self.engine.map(self._work(), parts):
            yield part

    def _work(self) -> PartWork:
        config = self.config
        return PartWork(
            site=Site(Path.cwd()),
            model=config.model.absolute(),
            reading=self.reading,
            aggregation=config.aggregation,
            truncated=config.truncated,
            heading=self.heading,
            folder=self.journal.absolute(),
            cores=config.threads,
        )


def prepare_parts(config: PredictConfig, engine_name: str, plugins: Plugins) -> PartedJob:
    """As `prepare`, for an engine: its first worker decides what runs the network, since this machine may have other devices."""
    engine = ChosenEngine.named(engine_name, config.engine_options, plugins)
    output_format = choose_format(config.output, config.format, plugins)
    options = options_of(output_format, config.format_options)
    if config.shard is not None:
        raise UsageError("--shard and --engine exclude each other: an engine cuts the run into parts itself")
    check_target(config, config.output, output_format)
    plugins.get(Aggregation, config.aggregation)
    file = read_model(config.model)
    events = find_events(config.sources, config.columns, config.image_root, config.events_within)
    identity = config.identity(file.digest, events.digest)
    folder = parts_folder(config.output)
    kept = kept_heading(heading_path(folder), identity, config.overwrite)
    reading = reading_of(open_model(file, Network("cpu")).info, config.threshold, config.class_list)
    heading = kept or new_heading(config, identity, _settings(config, engine, events), reading, events)
    context = output_context(heading, options)
    return PartedJob(config, config.output, folder, engine, reading, events, output_format, context, heading)


def _settings(config: PredictConfig, engine: ChosenEngine, events: Events) -> Settings:
    trial = Trial(Site(Path.cwd()), config.model.absolute(), config.network, config.batch_size, events.photos)
    results: Iterator[tuple[None, Settings]] = engine.map(trial, iter([None]))
    ((_, settings),) = results
    return settings
