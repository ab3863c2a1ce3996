"""The shards of a plan, built by an engine's workers: each writes whole files under their final names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import EventPlan
from ctc.dataset.plan import Plan, ShardPlan
from ctc.dataset.writer import Recipe, ShardNote, write_shard
from ctc.plugin.engine_run import ChosenEngine, Site


@dataclass(frozen=True)
class ShardPart:
    """A shard with its events."""

    shard: ShardPlan
    events: tuple[EventPlan, ...]

    def __str__(self) -> str:
        return f"the shard '{self.shard.file}'"


@dataclass(frozen=True)
class ShardWork:
    """Write shards into the recipe's folder."""

    site: Site
    recipe: Recipe

    @property
    def cores(self) -> int:
        return self.recipe.threads

    def open(self) -> Callable[[ShardPart], ShardNote]:
        self.site.go()
        pool = ThreadPoolExecutor(self.recipe.readers, thread_name_prefix="encode")
        return lambda part: write_shard(self.recipe, part.shard, part.events, pool, _unwatched)


def shards_by(engine: ChosenEngine, plan: Plan, folder: Path, wanted: Iterator[ShardPlan]) -> Iterator[ShardNote]:
    """The notes of the wanted shards, as they are finished, in any order."""
    parts = (ShardPart(shard, tuple(plan.events(shard.events))) for shard in wanted)
    work = ShardWork(Site(Path.cwd()), Recipe.of(plan, folder.absolute()))
    return (note for _, note in engine.map(work, parts))


def _unwatched(failures: list[Failure], new: int) -> None:
    """Failures are counted where the shards come together."""
