"""A script: trains `whole` undisturbed and `killed` in processes that are killed at random moments.
Arguments: the dataset, the folder for both runs, how many kills. It imports Keras but computes
nothing, so that it can fork: each process begins within a second. It prints the moments."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from ctc.artifacts.run import RUN_FILE
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.storage.atomic import is_partial
from ctc.training.config import TrainingConfig
from ctc.training.run_training import resume, train

SEED = 0
LONGEST_WAIT = 0.04  # seconds; a step and its checkpoint take about as long


def forgetful(shape: tuple[int, int, int]) -> keras.Model:
    """With random numbers and moving averages of its own."""
    images = keras.Input(shape)
    features = keras.layers.Conv2D(4, 3, strides=2)(images)
    features = keras.layers.BatchNormalization()(keras.layers.Dropout(0.3)(features))
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features))


class Pulse:
    """Narration that calls `beat` after each step."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self._beat = beat

    def info(self, message: str) -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        print(message, file=sys.stderr)

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Pulse]:
        yield self

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self._beat()

    def note(self, text: str) -> None:
        """Nothing."""


def config(dataset: str, output: Path) -> TrainingConfig:
    return TrainingConfig(
        dataset,
        str(output),
        "forgetful",
        ("species", "count"),
        loader="turbo",
        height=16,
        width=20,
        batch_size=6,
        epochs=10,
        optimizer="adamw",
        early_stopping_patience=99,
        reduce_lr_patience=1,
        threads=1,
        deterministic=True,
        checkpoint_steps=1,
    )


def go(asked: TrainingConfig, beat: Callable[[], object]) -> None:
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    backbone = Backbone("forgetful", "", (16, 16), forgetful)
    known = Plugins(
        [*plugins().loaded, LoadedRecord(kind, backbone, Owner("forgetful", "tests", "1"))]
    )
    begin: Any = resume if (Path(asked.output) / RUN_FILE).exists() else train
    begin(asked, known, Pulse(beat))


def in_a_process(asked: TrainingConfig, kill_after: tuple[int, float] | None) -> bool:
    """Whether it came to its end; `kill_after`: so many steps and then so many seconds."""
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        go(asked, lambda: os.write(told, b"."))
        os._exit(0)
    os.close(told)
    if kill_after:
        steps, seconds = kill_after
        while steps and os.read(heard, 1):
            steps -= 1
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(heard)
    if status not in (0, signal.SIGKILL):
        sys.exit(f"the training ended with status {status}")
    return status == 0


def main(dataset: str, folder: Path, kills: int) -> None:
    chance = random.Random(SEED)
    in_a_process(config(dataset, folder / "whole"), None)
    killed = config(dataset, folder / "killed")
    for _ in range(kills):
        steps, seconds = chance.randrange(4), chance.uniform(0, LONGEST_WAIT)
        if in_a_process(killed, (steps, seconds)):
            sys.exit("the training came to its end before it was killed so often")
        unfinished = sum(map(is_partial, Path(killed.output).rglob(".*")))
        print(
            f"seed {SEED}: killed {seconds:.4f} s after {steps} steps, {unfinished} files unfinished"
        )
    in_a_process(killed, None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
