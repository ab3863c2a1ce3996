"""Tasks for the workers of an engine: choose the runtime, and run a chunk into its file."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.errors import InputError
from ctc.images.listing.folder_watch import FolderWatch
from ctc.inference.config import DecodeDevice
from ctc.inference.gpu_decode.device import decoder_device
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.run.chunks import Chunk, chunk_path
from ctc.inference.task import AnswerCodec, PhotoTask
from ctc.inference.update.answers import EarlierRun
from ctc.inference.update.pipeline import run_update
from ctc.plugin.engine_run import WorkerContext
from ctc.runtime.batch_size import measured_runtime
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import read_model
from ctc.storage.atomic import temp_path


@dataclass(frozen=True)
class ProbeTask:
    """Open the network once in a worker, to resolve its provider and batch size.

    `photos`: of the whole run. `decode`: see `PipelineConfig`; CtcError if the worker can't.
    """

    worker_context: WorkerContext
    model: Path
    task: PhotoTask[Any, Any]
    runtime: RuntimeConfig
    photos: int
    decode: DecodeDevice = "cpu"

    @property
    def cores(self) -> int:
        """See `Task`."""
        return self.runtime.threads

    def open(self) -> Callable[[None], RuntimeConfig]:
        """See `Task`."""
        self.worker_context.enter()
        model = self.task.open(read_model(self.model), self.runtime)
        if self.decode == "gpu":
            decoder_device(model.network.runtime.provider, model.preprocessing)
        return lambda _: measured_runtime(
            model.network, self.photos, model.run, model.preprocessing
        )


@dataclass(frozen=True)
class ChunkTask:
    """Run chunks into `folder`. `header`: the run's, which each chunk's file gets as well.

    `earlier`: see `LocalResults`.
    """

    worker_context: WorkerContext
    model: Path
    task: PhotoTask[Any, Any]
    codec: AnswerCodec[Any, Any]
    pipeline: PipelineConfig
    header: RunHeader
    folder: Path
    earlier: EarlierRun | None = None

    @property
    def cores(self) -> int:
        """See `Task`."""
        return self.pipeline.runtime.threads

    def open(self) -> Callable[[Chunk], None]:
        """See `Task`."""
        self.worker_context.enter()
        file = read_model(self.model)
        if file.digest != self.header.identity["model"]:
            raise InputError(
                f"'{self.model}' on '{platform.node()}' is another model:"
                " give all machines the same file"
            )
        model = self.task.open(file, self.pipeline.runtime)
        watch = FolderWatch(self.header.image_root)
        earlier = self.earlier.read(self.codec) if self.earlier else None

        def run_chunk(chunk: Chunk) -> None:
            path = chunk_path(self.folder, chunk.number)
            results = (
                run_update(model, chunk.events, self.pipeline, watch, earlier)
                if self.header.is_updatable
                else run_pipeline(model, chunk.events, self.pipeline, watch.read)
            )
            with (
                Journal(temp_path(path), self.header, self.codec) as journal,
                closing(results),
            ):
                for result in results:
                    journal.append(result)
                journal.finalize(path)

        return run_chunk
