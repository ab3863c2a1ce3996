"""What an engine's workers do: predict a part into its file, through the pipeline of every run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ctc.errors import InputError
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.pipeline.inputs import TruncatedPolicy
from ctc.inference.pipeline.pipeline import PipelineConfig, predict
from ctc.inference.postprocess import Postprocessor
from ctc.inference.run.chunks import Chunk, chunk_path
from ctc.plugin import Aggregation
from ctc.plugin.engine_run import WorkerContext
from ctc.plugin.manager import plugins
from ctc.runtime.batch_size import ResolvedRuntime, resolve_runtime
from ctc.runtime.model_bytes import read_model
from ctc.runtime.providers import RuntimeConfig
from ctc.runtime.session import load_model, open_model
from ctc.storage.atomic import temp_path


@dataclass(frozen=True)
class ProbeTask:
    """Start the network once, where it shall run: what runs it there, and with how many photos at a
    time. `photos`: of the whole run."""

    worker_context: WorkerContext
    model: Path
    runtime: RuntimeConfig
    batch_size: int | None
    photos: int

    @property
    def cores(self) -> int:
        return self.runtime.workers

    def open(self) -> Callable[[None], ResolvedRuntime]:
        self.worker_context.enter()
        model = load_model(self.model, self.runtime)
        return lambda _: resolve_runtime(model, self.batch_size, self.photos, self.cores)


@dataclass(frozen=True)
class PredictTask:
    """Predict parts into `folder`. `header`: the run's, and that of every part file."""

    worker_context: WorkerContext
    model: Path
    postprocessor: Postprocessor
    aggregation: str
    truncated: TruncatedPolicy
    header: RunHeader
    folder: Path
    cores: int

    def open(self) -> Callable[[Chunk], None]:
        self.worker_context.enter()
        file = read_model(self.model)
        if file.digest != self.header.identity["model"]:
            raise InputError(
                f"'{self.model}' on '{platform.node()}' is another model: give all machines the same file"
            )
        model = open_model(file, self.header.runtime_config(self.cores))
        aggregation = plugins().get(Aggregation, self.aggregation)
        config = PipelineConfig(self.header.batch_size, self.cores, self.truncated)

        def do(part: Chunk) -> None:
            path = chunk_path(self.folder, part.number)
            with (
                Journal(temp_path(path), self.header) as journal,
                closing(
                    predict(model, self.postprocessor, part.events, aggregation, config)
                ) as outcomes,
            ):
                for outcome in outcomes:
                    journal.append(outcome)
                journal.finalize(path)

        return do
