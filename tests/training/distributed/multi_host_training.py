"""A script: trains on JAX in one process, and the same in two processes with two devices each.

The two connect over gloo. One of them is killed, and both are started again, when they ask each
other two steps ahead, as on GPUs. A last training is started as a command. Arguments: the dataset,
the folder for the runs, two free ports. The script imports Keras but computes nothing, so that it
can fork: each process starts within a second.

Each host writes `RUN-INDEX.npz`, its final weights, or `RUN-INDEX.txt`, its error. The exit codes
are printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ctc.artifacts.run import RUN_FILE
from ctc.cli.main import run
from ctc.errors import CtcError
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.reporting import NullReporter
from ctc.training.config import TrainingConfig
from ctc.training.run_training import resume, train
from ctc.training.trainer import agreement

KILL_AT_STEP = 4
COMMAND = (
    *("train", "--backbone", "small_cnn", "--height", "16", "--width", "20"),
    *("--label", "species", "--epochs", "1", "--batch-size", "8"),
    *("--image-choice", "first", "--threads", "1"),
)


class StepReporter(NullReporter):
    """Calls `on_step` after each step."""

    def __init__(self, on_step: Callable[[], object]) -> None:
        self._on_step = on_step

    def progress(self, what: str, total: int | None) -> AbstractContextManager[StepReporter]:
        return nullcontext(self)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self._on_step()


class Network:
    """A backbone with batch normalisation, which keeps the models that it built."""

    def __init__(self) -> None:
        self.built: list[keras.Model] = []

    def build(self, shape: tuple[int, int, int]) -> keras.Model:
        images = keras.Input(shape)
        features = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, strides=2)(images))
        self.built.append(keras.Model(images, keras.layers.GlobalAveragePooling2D()(features)))
        return self.built[-1]


def one_host(dataset: str, output: Path) -> TrainingConfig:
    """Return options without anything random that depends on which host reads a photo."""
    return TrainingConfig(
        dataset,
        str(output),
        "normalised",
        ("species", "count"),
        loader="turbo",
        height=16,
        width=20,
        image_choice="first",
        color="none",
        crop=0.0,
        zoom=0.0,
        rotate=0.0,
        flip=False,
        batch_size=8,
        accumulate=2,
        optimizer="sgd",
        clip_norm=1.0,
        epochs=3,
        early_stopping_patience=9,
        checkpoint_steps=1,
        threads=1,
    )


def two_hosts(config: TrainingConfig, output: Path, port: str) -> list[TrainingConfig]:
    """Return the same options for each of two hosts."""
    address = f"127.0.0.1:{port}"
    shared = replace(config, output=str(output), devices=2, hosts=2, coordinator=address)
    return [replace(shared, host_index=index) for index in range(2)]


def fork(work: Callable[[], object]) -> int:
    """Call `work` in a child process; return its process id."""
    child = os.fork()
    if not child:
        sys.exit(work())
    return child


def train_as_host(
    config: TrainingConfig, on_step: Callable[[], object] = lambda: None, *, ahead: bool = False
) -> int:
    """Return the exit code; `on_step` is called after each step of host 0.

    `ahead`: whether the hosts ask each other ahead.
    """
    if ahead:
        agreement.keras_gpus = lambda: ["gpu"]
    prefix = f"{config.output}-{config.host_index}"
    kind, network = next(kind for kind in KINDS if kind.record_type is Backbone), Network()
    record = LoadedRecord(
        kind, Backbone("normalised", "", (16, 16), network.build), Owner("normalised", "tests", "1")
    )
    start: Any = resume if (Path(config.output) / RUN_FILE).exists() else train
    try:
        with config.topology.initialize():
            start(config, Plugins([*plugins().loaded, record]), StepReporter(on_step))
    except CtcError as error:
        Path(f"{prefix}.txt").write_text(str(error))
        return error.exit_code
    weights = [keras.ops.convert_to_numpy(one) for one in network.built[0].weights]
    np.savez(f"{prefix}.npz", *weights)
    return 0


def wait(*children: int) -> list[int]:
    """Return how each child ended: an exit code, or a negative signal."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def lose_one(first: TrainingConfig, second: TrainingConfig) -> list[int]:
    """Train on two hosts and kill the second after some steps."""
    follower, steps = fork(partial(train_as_host, second)), count(1)
    kill = partial(os.kill, follower, signal.SIGKILL)
    on_step = partial(lambda: next(steps) == KILL_AT_STEP and kill())
    return wait(fork(partial(train_as_host, first, on_step)), follower)


def main(dataset: str, folder: Path, port: str, other_port: str) -> None:
    keras.utils.set_random_seed(0)  # imports TensorFlow, once for all processes
    one, command_output = one_host(dataset, folder / "one"), str(folder / "command")
    again = two_hosts(one, folder / "two", other_port)
    exit_codes = {
        "one": wait(fork(partial(train_as_host, one))),
        "two": lose_one(*two_hosts(one, folder / "two", port)),
        "two again": wait(*[fork(partial(train_as_host, host, ahead=True)) for host in again]),
        "command": wait(fork(partial(run, [*COMMAND, dataset, "--output", command_output]))),
    }
    print(json.dumps(exit_codes))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
