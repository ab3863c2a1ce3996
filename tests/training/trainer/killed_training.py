"""A script: trains `undisturbed`, and `killed` in processes that are killed at random moments.

Arguments: the dataset, the folder for both runs, the number of kills. It imports Keras but computes
nothing, so that it can fork: each process starts within a second. It prints the moments.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras

from ctc.artifacts.run import RUN_FILE
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.reporting import NullReporter
from ctc.storage.atomic import is_partial
from ctc.training.config import TrainingConfig
from ctc.training.run_training import resume, train

SEED = 0
MAX_STEPS = 3
MAX_SECONDS = 0.04  # a step and its checkpoint take about as long
EPOCHS = 12  # of 5 steps with validation: more than all killed processes can do together


def stochastic_network(shape: tuple[int, int, int]) -> keras.Model:
    """Return a network with random numbers and moving averages."""
    images = keras.Input(shape)
    features = keras.layers.Conv2D(4, 3, strides=2)(images)
    features = keras.layers.BatchNormalization()(keras.layers.Dropout(0.3)(features))
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features))


class StepReporter(NullReporter):
    """Calls `on_step` after each step."""

    def __init__(self, on_step: Callable[[], object]) -> None:
        self._on_step = on_step

    def warn(self, message: str) -> None:
        print(message, file=sys.stderr)

    def progress(self, what: str, total: int | None) -> AbstractContextManager[StepReporter]:
        return nullcontext(self)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self._on_step()


def make_config(dataset: str, output: Path) -> TrainingConfig:
    return TrainingConfig(
        dataset,
        str(output),
        "stochastic",
        ("species", "count"),
        loader="turbo",
        height=16,
        width=20,
        batch_size=6,
        epochs=EPOCHS,
        optimizer="adamw",
        early_stopping_patience=99,
        reduce_lr_patience=1,
        threads=1,
        deterministic=True,
        checkpoint_steps=1,
    )


def train_or_resume(config: TrainingConfig, on_step: Callable[[], object]) -> None:
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    backbone = Backbone("stochastic", "", (16, 16), stochastic_network)
    record = LoadedRecord(kind, backbone, Owner("stochastic", "tests", "1"))
    start: Any = resume if (Path(config.output) / RUN_FILE).exists() else train
    start(config, Plugins([*plugins().loaded, record]), StepReporter(on_step))


def train_in_process(config: TrainingConfig, kill_after: tuple[int, float] | None) -> bool:
    """Train in a child process; return whether it reached the end.

    After each step the child waits for a permission to continue, so that a killed one never gets
    further than one step. `kill_after`: steps, and seconds after the last of them.
    """
    done_reader, done_writer = os.pipe()
    permit_reader, permit_writer = os.pipe()
    child = os.fork()
    if not child:
        for unused in (done_reader, permit_writer):
            os.close(unused)
        train_or_resume(config, lambda: os.write(done_writer, b".") and os.read(permit_reader, 1))
        os._exit(0)
    for unused in (done_writer, permit_reader):
        os.close(unused)
    steps, seconds = kill_after or (None, 0.0)
    while steps != 0 and os.read(done_reader, 1):
        os.write(permit_writer, b".")
        steps = None if steps is None else steps - 1
    if kill_after:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    for used in (done_reader, permit_writer):
        os.close(used)
    if status not in (0, signal.SIGKILL):
        sys.exit(f"the training ended with status {status}")
    return status == 0


def main(dataset: str, folder: Path, kills: int) -> None:
    generator = random.Random(SEED)
    train_in_process(make_config(dataset, folder / "undisturbed"), None)
    killed = make_config(dataset, folder / "killed")
    for _ in range(kills):
        steps, seconds = generator.randint(0, MAX_STEPS), generator.uniform(0, MAX_SECONDS)
        if train_in_process(killed, (steps, seconds)):
            sys.exit("the training reached its end before all kills")
        unfinished = sum(map(is_partial, Path(killed.output).rglob(".*")))
        print(
            f"seed {SEED}: killed {seconds:.4f} s after {steps} steps, "
            f"{unfinished} temporary files left"
        )
    train_in_process(killed, None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
