"""Cost of data loading in training: python -m benchmarks.training.speed DATASET [--backbone
resnet18] [--size 224] [--rounds 3]

The network is trained on one batch that is held in memory, which is its upper limit, and on the
batches of each loader that runs here. They take turns in one process. KERAS_BACKEND=jax measures
JAX; for a GPU use --batch-size 256 --mixed-precision bfloat16.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from itertools import count, repeat
from pathlib import Path
from statistics import median
from typing import NamedTuple

from ctc.artifacts.dataset import TRAIN
from ctc.artifacts.dataset_cache import open_dataset
from ctc.hardware import usable_cores
from ctc.plugin import Batch, BatchStream, Loader
from ctc.plugin.manager import plugins
from ctc.training.config import TrainingConfig
from ctc.training.distributed.backend import start_backend

IN_MEMORY = "one batch in memory"
GOAL = 0.05
"""The largest fraction of the time that a training on the CPU with turbo may wait for data."""


class Turn(NamedTuple):
    """Photos per second, and the fraction of the time that was spent waiting for data."""

    rate: float
    data_wait: float


def endless(stream: BatchStream) -> Iterator[Batch]:
    """Yield the batches of one epoch after another."""
    for epoch in count():
        yield from stream.epoch(epoch)


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument(
        "--mixed-precision", choices=["none", "bfloat16", "float16"], default="none"
    )
    parser.add_argument("--seconds", type=float, default=20, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    start_backend()
    from ctc.training.metrics.metrics import MetricSums
    from ctc.training.plan import resolve_plan
    from ctc.training.trainer.steps.train_step import ModelRunner
    from ctc.training.trainer.timing import step_timer, timed

    def turn(batches: Iterable[Batch]) -> Turn:
        totals, end = MetricSums(), time.perf_counter() + options.seconds
        for batch in timed(batches, totals):
            with step_timer(totals):
                totals += runner.train_step(batch).result()
            if time.perf_counter() >= end:
                break
        return Turn(totals.images / totals.seconds, totals.data_wait / totals.seconds)

    config = TrainingConfig(
        str(options.dataset),
        "not written",
        options.backbone,
        tuple(label.name for label in open_dataset(options.dataset).manifest.labels)[:1],
        height=options.size,
        width=options.size,
        batch_size=options.batch_size,
        mixed_precision=options.mixed_precision,
    )
    plan = resolve_plan(config, plugins())
    runner = ModelRunner(plan)
    loaders = {
        name: loader for name, loader in plugins().all(Loader).items() if loader.available() is None
    }
    turns: dict[str, list[Turn]] = {name: [] for name in (IN_MEMORY, *loaders)}
    for number in range(options.rounds + 1):
        for name, loader in loaders.items():
            with closing(
                loader.open(plan.dataset, TRAIN, plan.batches.training_loader_config())
            ) as stream:
                batches = endless(stream)
                if name == next(iter(loaders)):
                    turns[IN_MEMORY].append(turn(repeat(next(batches))))
                turns[name].append(turn(batches))
        if number == 0:
            turns = {name: [] for name in turns}  # the first round warms up
    print(
        f"{date.today()}, {usable_cores()} cores, Python {platform.python_version()}, "
        f"median of {options.rounds} rounds\n"
    )
    print(f"{options.backbone} at {options.size} px, batches of {options.batch_size}\n")
    print("| | photos/s | of the upper limit | data wait |\n|---|---|---|---|")
    own = median(one.rate for one in turns[IN_MEMORY])
    for name, taken in turns.items():
        rate, wait = median(one.rate for one in taken), median(one.data_wait for one in taken)
        goal = f" (goal {GOAL:.0%})" if name == "turbo" else ""
        print(f"| {name} | {rate:.1f} | {rate / own:.0%} | {wait:.1%}{goal} |")


if __name__ == "__main__":
    main()
