"""One run of `ctc predict`: checked as a whole before it starts, its files in place as a whole when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.atomic import whole_file
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import InputError, OutputExistsError, UsageError
from ctc.inference.event_table import Columns
from ctc.inference.events import Events, find_events
from ctc.inference.failure_file import FailureFile, failure_path
from ctc.inference.pipeline import PipelineConfig, predict
from ctc.inference.session import Model, load_model
from ctc.plugin import Aggregation, OutputFormat
from ctc.plugin.manager import Plugins


@dataclass(frozen=True)
class PredictConfig:
    """Everything that the user can choose. `columns` are those of the CSV files among the sources."""

    model: Path
    sources: tuple[Path, ...]
    output: Path
    columns: Columns | None = None
    image_root: Path | None = None
    aggregation: str = "mean"
    format: str | None = None
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    overwrite: bool = False


@dataclass(frozen=True)
class Summary:
    """What came out. `events` predicted, `photos` that came in, `failed` entries in `failures`, the `first_failures`, `seconds`."""

    events: int
    photos: int
    failed: int
    failures: Path
    first_failures: tuple[Failure, ...]
    seconds: float


class _NothingPredictedError(Exception):
    """Leaves the block that would put an empty output in place."""


@dataclass(frozen=True)
class Job:
    """A prediction run that is ready to go."""

    config: PredictConfig
    model: Model
    events: Events
    aggregation: Aggregation
    format: OutputFormat

    def run(self, advance: Callable[[int, int], None]) -> Summary:
        """Predict everything and write output and failures; `advance(photos done, failed)` is called as they come.

        Raises InputError, with the failures written but no output, when not one photo could be predicted.
        """
        start = time.perf_counter()
        counts = _Counts()
        with FailureFile(failure_path(self.config.output)) as failures, suppress(_NothingPredictedError):
            self._write(failures, counts, advance)
        if not counts.events:
            first = failures.first[0]
            raise InputError(
                f"nothing could be predicted, all {failures.count} failures are listed in '{failures.path}'; the first: "
                f"'{first.path}': {first.reason}"
            )
        seconds = time.perf_counter() - start
        photos = self.events.photos
        return Summary(counts.events, photos, failures.count, failures.path, tuple(failures.first), seconds)

    def _write(self, failures: FailureFile, counts: _Counts, advance: Callable[[int, int], None]) -> None:
        stream = predict(self.model, self.events, self.aggregation, self.config.pipeline)
        with whole_file(self.config.output) as partial, closing(stream):
            self.format.write(_predictions(stream, failures, counts, advance), partial)
            if not counts.events:
                raise _NothingPredictedError


@dataclass
class _Counts:
    events: int = 0


def _predictions(
    stream: Iterator[EventPrediction | Failure],
    failures: FailureFile,
    counts: _Counts,
    advance: Callable[[int, int], None],
) -> Iterator[EventPrediction]:
    for entry in stream:
        if isinstance(entry, Failure):
            failures.add(entry)
            advance(1, 1)
        else:
            counts.events += 1
            advance(len(entry.images), 0)
            yield entry


def prepare(config: PredictConfig, plugins: Plugins) -> Job:
    """Check the output, names, model and sources, quickest first. Raises CtcError for the first that won't do."""
    _check_output(config)
    aggregation = plugins.get(Aggregation, config.aggregation)
    output_format = choose_format(config.output, config.format, plugins)
    model = load_model(config.model, config.pipeline.threads)
    events = find_events(config.sources, config.columns, config.image_root)
    return Job(config, model, events, aggregation, output_format)


def choose_format(output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
    """The output format called `name`, or the one whose suffix ends the output's name (the longest suffix wins)."""
    if name is not None:
        return plugins.get(OutputFormat, name)
    known = {suffix: record for record in plugins.all(OutputFormat).values() for suffix in record.suffixes}
    fitting = [suffix for suffix in known if output.name.lower().endswith(suffix)]
    if not fitting:
        listed = ", ".join(f"'{suffix}'" for suffix in sorted(known))
        raise UsageError(f"what kind of file shall '{output}' be: end its name with {listed}, or say so with --format")
    return known[max(fitting, key=len)]


def _check_output(config: PredictConfig) -> None:
    for path in (config.output, failure_path(config.output)):
        if path.is_dir():
            raise UsageError(f"output '{path}' is a folder: give the name of a file")
        if path.exists() and not config.overwrite:
            raise OutputExistsError(path)
    for source in (config.model, *config.sources):
        if config.output.exists() and source.exists() and config.output.samefile(source):
            raise UsageError(f"output '{config.output}' is an input as well: choose another --output")
