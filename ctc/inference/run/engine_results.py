"""Results of chunks from the workers of an engine (`ctc predict --engine`)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ctc.inference.config import RunConfig
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.lines import encode_line
from ctc.inference.journal.reader import read_header, read_part
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.run.chunks import (
    Chunk,
    chunk_path,
    exclusive_lock,
    finished_chunks,
    header_path,
    photos_per_chunk,
    remove_chunks,
    seal_path,
    split_events,
)
from ctc.inference.run.engine_tasks import ChunkTask, ProbeTask
from ctc.inference.run.output_writer import ResultStream
from ctc.inference.run.stats import RunStats
from ctc.inference.task import AnswerCodec, PhotoTask, TaskResult
from ctc.inference.update.answers import EarlierAnswers
from ctc.inference.update.keeping import keep_answers
from ctc.plugin.engine_run import BoundEngine, WorkerContext
from ctc.runtime.config import RuntimeConfig
from ctc.storage.atomic import atomic_write, remove, remove_at_once
from ctc.storage.remote_files import discard_local_copy


@dataclass(frozen=True)
class EngineResults:
    """A `ResultSource`. `journal`: the folder of the chunks. `model`: the model file.

    `output`, `earlier`: with `--update`, whose answers are kept, and those that are taken over.
    """

    journal: Path
    events: EventCollection
    task: PhotoTask[Any, Any]
    codec: AnswerCodec[Any, Any]
    pipeline: PipelineConfig
    header: RunHeader
    engine: BoundEngine
    model: Path
    output: Path
    earlier: EarlierAnswers[Any, Any] | None = None

    @contextmanager
    def open(self, stats: RunStats) -> Iterator[ResultStream]:
        """See `ResultSource.open`. When the engine fails, the finished chunks are kept."""
        with exclusive_lock(self.journal):
            self._write_header()
            with (
                closing(self._results(stats)) as results,
                keep_answers(results, self.output, self.header, self.codec) as kept,
            ):
                yield ResultStream(kept, self._seal)
        remove_at_once(self.journal)

    def _seal(self, written: Mapping[str, Any]) -> None:
        with atomic_write(seal_path(self.journal)) as partial:
            partial.write_bytes(encode_line({"end": 0, "written": dict(written)}))

    def _write_header(self) -> None:
        """Write the header into the folder; remove the chunks of another run, if any."""
        path = header_path(self.journal)
        if read_header(path) != self.header:
            remove(seal_path(self.journal))
            remove_chunks(self.journal)
            with atomic_write(path) as partial:
                partial.write_bytes(encode_line(self.header.to_json()))

    def _results(self, stats: RunStats) -> Generator[TaskResult[Any]]:
        """Yield the results of all chunks, in order.

        A chunk is read when it is finished and all before it have been read.
        """
        earlier = finished_chunks(self.journal)
        done = set(earlier)
        with closing(self._run_chunks(earlier)) as finished:
            for number in count():
                while number not in done:
                    chunk = next(finished, None)
                    if chunk is None:
                        return
                    done.add(chunk.number)
                path = chunk_path(self.journal, number)
                for result in read_part(path, self.codec):
                    is_resumed = number in earlier and not result.is_taken_over
                    stats.resumed += result.photos if is_resumed else 0
                    yield result
                discard_local_copy(path)
                done.discard(number)

    def _run_chunks(self, earlier: set[int]) -> Generator[Chunk]:
        """Yield the chunks that are not among `earlier`, as the engine finishes them."""
        size = photos_per_chunk(self.events.photos, self.pipeline.batch_size)
        new = (chunk for chunk in split_events(self.events, size) if chunk.number not in earlier)
        for chunk, _ in self.engine.map(self._chunk_task(), new):
            yield chunk

    def _chunk_task(self) -> ChunkTask:
        return ChunkTask(
            worker_context=WorkerContext(Path.cwd()),
            model=self.model.absolute(),
            task=self.task,
            codec=self.codec,
            pipeline=self.pipeline,
            header=self.header,
            folder=self.journal.absolute(),
            earlier=self.earlier.run if self.earlier else None,
        )


def probe_runtime(
    config: RunConfig, engine: BoundEngine, task: PhotoTask[Any, Any], events: EventCollection
) -> RuntimeConfig:
    """Let the engine's first worker choose provider and batch size: it may have other devices."""
    context = WorkerContext(Path.cwd())
    probe = ProbeTask(
        context, config.model.absolute(), task, config.runtime, events.photos, config.decode
    )
    results: Iterator[tuple[None, RuntimeConfig]] = engine.map(probe, iter([None]))
    ((_, runtime),) = results
    return runtime
