"""Build shards with the workers of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import EventPlan
from ctc.dataset.plan import DatasetPlan, ShardPlan
from ctc.dataset.writer import ShardSummary, ShardWriterConfig, write_shard
from ctc.plugin.engine_run import BoundEngine, WorkerContext


@dataclass(frozen=True)
class ShardInput:
    """A shard to write, with its events."""

    shard: ShardPlan
    events: tuple[EventPlan, ...]

    def __str__(self) -> str:
        return f"the shard '{self.shard.file}'"


@dataclass(frozen=True)
class BuildShardsTask:
    """An engine's task: write shards into the folder of `config`, under their final names."""

    site: WorkerContext
    config: ShardWriterConfig

    @property
    def cores(self) -> int:
        """CPU cores that a worker uses."""
        return self.config.threads

    def open(self) -> Callable[[ShardInput], ShardSummary]:
        """Start the threads of a worker; return its function, which writes one shard."""
        self.site.enter()
        pool = ThreadPoolExecutor(self.config.encode_threads, thread_name_prefix="encode")
        return lambda item: write_shard(
            self.config, item.shard, item.events, pool, _ignore_failures
        )


def build_shards_on_engine(
    engine: BoundEngine, plan: DatasetPlan, folder: Path, shards: Iterator[ShardPlan]
) -> Iterator[ShardSummary]:
    """Write these shards; yield their summaries as they are finished, in any order."""
    items = (ShardInput(shard, tuple(plan.events(shard.events))) for shard in shards)
    task = BuildShardsTask(
        WorkerContext(Path.cwd()), ShardWriterConfig.from_plan(plan, folder.absolute())
    )
    return (summary for _, summary in engine.map(task, items))


def _ignore_failures(failures: list[Failure], new_failures: int) -> None:
    """Do nothing: failures are counted where the summaries are collected."""
