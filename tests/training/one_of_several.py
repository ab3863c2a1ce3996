"""A script: a training on JAX by one process, and the same by two that meet over gloo, with two
devices each; one of them is killed, and both begin again; and one by command. Arguments: the
dataset, the folder for the runs, two free ports. It imports Keras but computes nothing, so that it
can fork: each process begins within a second.

Each host writes `RUN-INDEX.npz`, the weights it has at its end, or `RUN-INDEX.txt`, what went
wrong. How they ended is printed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np
from survivor import Pulse

from ctc.artifacts.run import RUN_FILE
from ctc.cli.main import run
from ctc.errors import CtcError
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.training.config import TrainingConfig
from ctc.training.run_training import resume, train

DEAD_AT = 4  # steps
COMMAND = (
    *(
        "train",
        "--backbone",
        "small_cnn",
        "--height",
        "16",
        "--width",
        "20",
        "--label",
        "species",
        "--epochs",
        "1",
    ),
    *("--batch-size", "8", "--image-choice", "first", "--threads", "1"),
)


class Network:
    """A backbone with normalisation, that remembers what it built first."""

    def __init__(self) -> None:
        self.built: list[keras.Model] = []

    def build(self, shape: tuple[int, int, int]) -> keras.Model:
        images = keras.Input(shape)
        features = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, strides=2)(images))
        self.built.append(keras.Model(images, keras.layers.GlobalAveragePooling2D()(features)))
        return self.built[-1]


def alone(dataset: str, output: Path) -> TrainingConfig:
    """Nothing is drawn that depends on which host reads a photo."""
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
        clip_norm=1.0,
        epochs=3,
        early_stopping_patience=9,
        checkpoint_steps=1,
        threads=1,
    )


def together(asked: TrainingConfig, output: Path, port: str) -> list[TrainingConfig]:
    """The same for each of two hosts."""
    shared = replace(asked, output=str(output), devices=2, hosts=2, coordinator=f"127.0.0.1:{port}")
    return [replace(shared, host_index=index) for index in range(2)]


def forked(work: Callable[[], object]) -> int:
    """Do it in a process of its own, whose number is returned."""
    child = os.fork()
    if not child:
        sys.exit(work())
    return child


def be_host(asked: TrainingConfig, beat: Callable[[], object] = lambda: None) -> int:
    """The exit code; `beat` is called after each step of host 0."""
    trace = f"{asked.output}-{asked.host_index}"
    kind, network = next(kind for kind in KINDS if kind.record_type is Backbone), Network()
    found = LoadedRecord(
        kind, Backbone("normalised", "", (16, 16), network.build), Owner("normalised", "tests", "1")
    )
    go: Any = resume if (Path(asked.output) / RUN_FILE).exists() else train
    try:
        with asked.topology.initialize():
            go(asked, Plugins([*plugins().loaded, found]), Pulse(beat))
    except CtcError as error:
        Path(f"{trace}.txt").write_text(str(error))
        return error.exit_code
    np.savez(f"{trace}.npz", *[keras.ops.convert_to_numpy(one) for one in network.built[0].weights])
    return 0


def end(*children: int) -> list[int]:
    """How each ended: an exit code, or a signal below 0."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def lose_one(first: TrainingConfig, second: TrainingConfig) -> list[int]:
    """The second host is killed when some steps are done."""
    follower, steps = forked(partial(be_host, second)), count(1)
    kill = partial(os.kill, follower, signal.SIGKILL)
    return end(forked(partial(be_host, first, lambda: next(steps) == DEAD_AT and kill())), follower)


def main(dataset: str, folder: Path, port: str, other_port: str) -> None:
    keras.utils.set_random_seed(0)  # imports TensorFlow, once for all
    one = alone(dataset, folder / "one")
    ended = {
        "one": end(forked(partial(be_host, one))),
        "two": lose_one(*together(one, folder / "two", port)),
        "two again": end(
            *[forked(partial(be_host, host)) for host in together(one, folder / "two", other_port)]
        ),
        "command": end(
            forked(partial(run, [*COMMAND, dataset, "--output", str(folder / "command")]))
        ),
    }
    print(json.dumps(ended))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
