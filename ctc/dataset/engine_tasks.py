"""The shards of a plan, built by an engine's workers: each writes whole files under their final
names."""

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
    """A shard with its events."""

    shard: ShardPlan
    events: tuple[EventPlan, ...]

    def __str__(self) -> str:
        return f"the shard '{self.shard.file}'"


@dataclass(frozen=True)
class BuildShardsTask:
    """Write shards into the recipe's folder."""

    site: WorkerContext
    config: ShardWriterConfig

    @property
    def cores(self) -> int:
        return self.config.threads

    def open(self) -> Callable[[ShardInput], ShardSummary]:
        self.site.enter()
        pool = ThreadPoolExecutor(self.config.encode_threads, thread_name_prefix="encode")
        return lambda part: write_shard(
            self.config, part.shard, part.events, pool, _ignore_failures
        )


def build_shards_on_engine(
    engine: BoundEngine, plan: DatasetPlan, folder: Path, shards: Iterator[ShardPlan]
) -> Iterator[ShardSummary]:
    """The notes of the wanted shards, as they are finished, in any order."""
    parts = (ShardInput(shard, tuple(plan.events(shard.events))) for shard in shards)
    work = BuildShardsTask(
        WorkerContext(Path.cwd()), ShardWriterConfig.from_plan(plan, folder.absolute())
    )
    return (note for _, note in engine.map(work, parts))


def _ignore_failures(failures: list[Failure], new: int) -> None:
    """Failures are counted where the shards come together."""
