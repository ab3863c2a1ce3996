"""Stages of checks.py: training steps on a GPU, from memory and fed by dali."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.checks import ON_CPU, SECONDS, Inputs, goal, losses_of, rate, say, verdict
from ctc.plugin import Batch
from ctc.training.config import TrainingConfig

WAIT_GOAL, RATE_GOAL = 0.05, 2400
STEPS = 3


def parity(inputs: Inputs) -> None:
    """The losses of the GPU's first steps beside those of the CPU."""
    expected = losses_of(inputs, "cpu", "none")
    for precision, tolerance in (("none", 2e-3), ("bfloat16", 5e-2)):
        found = losses_of(inputs, "cpu" if ON_CPU else "", precision)
        off = max(abs(a - b) / a for a, b in zip(expected, found, strict=True))
        verdict(off < tolerance, f"losses of {STEPS} steps, {precision}: {off:.2%} off the CPU's")


def step(inputs: Inputs) -> None:
    """Photos a second of steps whose images are on the GPU: read late, and read at once."""
    for backbone, size in _networks():
        runner, side = _runner(inputs, backbone, size)
        batch = _random_batch(_label(inputs.dataset), size, side)
        start = time.perf_counter()
        runner.train_step(batch).result()
        say(f"{backbone} @{size}: first step (compiling) {time.perf_counter() - start:.0f} s")

        def read_late(runner: Any = runner, batch: Batch = batch, size: int = size) -> int:
            started = [runner.train_step(batch) for _ in range(10)]
            started[0].result()
            return 10 * size

        def at_once(runner: Any = runner, batch: Batch = batch, size: int = size) -> int:
            runner.train_step(batch).result()
            return size

        late, waiting = rate(read_late, finish=runner.state_dict), rate(at_once)
        found = f"{backbone} @{size} bfloat16: {late:,.0f} photos/s"
        if backbone == "resnet50":
            goal(late >= RATE_GOAL, f"{found} (goal {RATE_GOAL:,})")
        else:
            say(found)
        say(f"waiting for each step: {waiting:,.0f} photos/s, {1 - waiting / late:.0%} less")


def fed(inputs: Inputs) -> None:
    """Photos a second of steps that dali feeds, the waiting, and the start of an epoch."""
    from ctc.training.metrics.metrics import MetricSums
    from ctc.training.trainer.steps.pending_steps import PendingSteps
    from ctc.training.trainer.timing import step_timer, timed

    for backbone, size in _networks():
        runner, side = _runner(inputs, backbone, size)
        with closing(_dali(inputs, size, side)) as stream:
            batches = _endless(stream)
            for batch in islice(batches, 2 if ON_CPU else 20):
                runner.train_step(batch).result()
            totals = MetricSums()
            pending = PendingSteps(totals, totals.__iadd__)
            end = time.perf_counter() + 2 * SECONDS
            for batch in timed(batches, totals):
                with step_timer(totals):
                    pending.append(runner.train_step(batch))
                if time.perf_counter() > end:
                    break
            pending.flush()
        found = totals.compute({_label(inputs.dataset): 1.0})
        goal(
            found.wait_fraction < WAIT_GOAL,
            f"{backbone} @{size} fed by dali: {found.images_per_second:,.0f} photos/s, waiting for "
            f"data {found.wait_fraction:.1%}, for the device {found.device_wait_fraction:.1%}",
        )
    with closing(_dali(inputs, size, side)) as stream:
        for epoch in range(3):
            start = time.perf_counter()
            batches = stream.epoch(epoch)
            next(batches)
            say(f"epoch {epoch}: first batch after {time.perf_counter() - start:.2f} s")
            batches.close()


def _networks() -> tuple[tuple[str, int], ...]:
    gpu = (("resnet50", 256), ("resnet50", 128), ("resnet18", 128))
    return (("small_cnn", 16),) if ON_CPU else gpu


def _runner(inputs: Inputs, backbone: str, size: int) -> tuple[Any, int]:
    from ctc.training.distributed.backend import start_backend

    start_backend()
    from ctc.plugin.manager import plugins
    from ctc.training.plan import resolve_plan
    from ctc.training.trainer.steps.train_step import ModelRunner

    side = 64 if ON_CPU else 224
    config = TrainingConfig(
        str(inputs.dataset),
        "not written",
        backbone,
        (_label(inputs.dataset),),
        height=side,
        width=side,
        batch_size=size,
        loader="turbo",
        mixed_precision="bfloat16",
    )
    return ModelRunner(resolve_plan(config, plugins())), side


def _label(dataset: Path) -> str:
    from ctc.artifacts.dataset_cache import open_dataset

    return open_dataset(dataset).manifest.labels[0].name


def _random_batch(label: str, size: int, side: int) -> Batch:
    from ctc.training.trainer.steps.device_batches import on_device

    images = np.random.default_rng(0).integers(0, 256, (size, side, side, 3), np.uint8)
    labels = {label: np.zeros(size, np.int32)}
    with on_device(iter([Batch(images, labels)]), 1) as batches:
        return next(batches)


def _dali(inputs: Inputs, size: int, side: int) -> Any:
    from benchmarks.gpu.loading import config, opened

    return opened(inputs, config(inputs, height=side, width=side, batch_size=size))


def _endless(stream: Any) -> Iterator[Batch]:
    for epoch in count():
        yield from stream.epoch(epoch)


def print_losses(dataset: Path, precision: str) -> None:
    """Print the losses of the first steps of resnet18 at 64 px, for `parity`."""
    from ctc.training.distributed.backend import start_backend

    start_backend()
    from ctc.plugin.manager import plugins
    from ctc.training.plan import resolve_plan
    from ctc.training.trainer.steps.train_step import ModelRunner

    label, size = _label(dataset), 32
    config = TrainingConfig(
        str(dataset),
        "not written",
        "resnet18",
        (label,),
        height=64,
        width=64,
        batch_size=size,
        loader="turbo",
        mixed_precision=precision,
    )
    runner = ModelRunner(resolve_plan(config, plugins()))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (size, 64, 64, 3), np.uint8)
    batch = Batch(images, {label: random.integers(0, 2, size).astype(np.int32)})
    found = [runner.train_step(batch).result().loss({label: 1.0}) for _ in range(STEPS)]
    print(json.dumps(found))


if __name__ == "__main__":
    print_losses(Path(sys.argv[1]), sys.argv[2])
