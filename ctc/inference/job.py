"""One run of `ctc predict`: checked as a whole before it starts, its files in place as a whole when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ctc.artifacts.atomic import whole_file
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import InputError
from ctc.inference.event_table import Columns
from ctc.inference.events import Events, find_events
from ctc.inference.failure_file import FailureFile, failure_path
from ctc.inference.output import check_output, choose_format, image_root, options_of
from ctc.inference.pipeline import PipelineConfig, predict
from ctc.inference.session import Model, load_model
from ctc.plugin import Aggregation, OutputContext, OutputFormat
from ctc.plugin.manager import Plugins


@dataclass(frozen=True)
class PredictConfig:
    """Everything that the user can choose. `columns` are those of the CSV files among the sources; `format_options` those options of the
    output format that are given, by key."""

    model: Path
    sources: tuple[Path, ...]
    output: Path
    columns: Columns | None = None
    image_root: Path | None = None
    aggregation: str = "mean"
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
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
    context: OutputContext

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
            self.format.write(_entries(stream, failures, counts, advance), partial, self.context)
            if not counts.events:
                raise _NothingPredictedError


@dataclass
class _Counts:
    events: int = 0


def _entries(
    stream: Iterator[EventPrediction | Failure],
    failures: FailureFile,
    counts: _Counts,
    advance: Callable[[int, int], None],
) -> Iterator[EventPrediction | Failure]:
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
    output_format = choose_format(config.output, config.format, plugins)
    options = options_of(output_format, config.format_options)
    check_output(config.output, output_format, (config.model, *config.sources), config.overwrite)
    aggregation = plugins.get(Aggregation, config.aggregation)
    model = load_model(config.model, config.pipeline.threads)
    events = find_events(config.sources, config.columns, config.image_root)
    root = image_root(config.sources, events)
    context = OutputContext(config.model.name, model.info.labels, datetime.now(UTC), root, options)
    return Job(config, model, events, aggregation, output_format, context)
