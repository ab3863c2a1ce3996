"""Training on several devices and hosts gives the result of one."""

from __future__ import annotations

import csv
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.file import INPUT_NAME
from ctc.artifacts.run import Run
from ctc.cli.main import run
from ctc.hardware import usable_cores
from ctc.plugin import Loader, LoaderConfig
from ctc.plugin.manager import plugins
from ctc.testing import build_dataset
from ctc.training.distributed.topology import BACKEND, JAX

pytestmark = [pytest.mark.tensorflow, pytest.mark.subprocess, pytest.mark.slow]


COMPILE_QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def _free_port() -> int:
    """Return a free port below those that systems assign to other sockets."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as free:
            try:
                free.bind(("", port))
            except OSError:
                continue
            return port


def _on_jax(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        BACKEND: JAX,
        "JAX_NUM_CPU_DEVICES": "2",
        "XLA_FLAGS": COMPILE_QUICKLY,
    }
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@dataclass(frozen=True)
class Trained:
    """The output of `multi_host_training.py`."""

    folder: Path
    exit_codes: dict[str, list[int]]

    def weights(self, name: str) -> list[np.ndarray]:
        return list(np.load(self.folder / f"{name}.npz").values())

    def losses(self, name: str) -> list[float]:
        with Run(self.folder / name).history.open(newline="") as rows:
            return [
                float(row[column])
                for row in csv.DictReader(rows)
                for column in ("loss", "val_loss")
            ]

    def test_scores(self, name: str) -> dict[str, object]:
        return json.loads(Run(self.folder / name).test_scores.read_text())


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Iterator[Trained]:
    """An epoch has 24 photos in 3 batches; the 9 or 10 validation photos fill no batch."""
    if sys.platform == "win32":
        pytest.skip("needs fork")
    folder = tmp_path_factory.mktemp("several")
    dataset = build_dataset(folder / "dataset", {"train": 24, "val": 10, "test": 6}, 2, 60)
    script = Path(__file__).with_name("multi_host_training.py")
    done = _on_jax(script, dataset.folder, folder, _free_port(), _free_port())
    assert done.returncode == 0, done.stderr
    return Trained(folder, json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("index", [0, 1])
def test_initialize_without_other_hosts_fails_after_timeout(index):
    address = f"127.0.0.1:{_free_port()}"
    code = f"""
from ctc.errors import CtcError
from ctc.training.distributed import topology
topology.INIT_TIMEOUT = 1
try:
    with topology.Topology(hosts=2, index={index}, coordinator="{address}").initialize():
        print("connected")
except CtcError as error:
    print(error)
"""
    done = _on_jax("-c", code)
    assert done.stdout.startswith(
        f"host {index} of 2 didn't connect to the others at '{address}' within 1 s; "
        "start the same command"
    )
    assert (done.returncode, done.stderr) == (1, "")


def test_initialize_fails_at_once_if_port_is_taken():
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code = (
            "from ctc.training.distributed.topology import Topology; "
            f"Topology(hosts=2, coordinator='{address}').initialize().__enter__()"
        )
        done = _on_jax("-c", code)
    assert (
        f"host 0 of 2 didn't connect to the others at '{address}': " in done.stderr.splitlines()[-1]
    )


def test_hosts_have_the_same_weights(trained):
    for one, other in zip(trained.weights("two-0"), trained.weights("two-1"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_hosts_match_one_although_one_was_killed(trained):
    assert trained.exit_codes["two"] == [1, -9]
    assert trained.exit_codes["two again"] == [0, 0]
    assert len(trained.losses("one")) == 6
    assert trained.losses("two") == pytest.approx(trained.losses("one"), rel=1e-4)
    for one, two in zip(trained.weights("one-0"), trained.weights("two-0"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_main_host_evaluates_the_whole_test_split(trained):
    one, two = trained.test_scores("one"), trained.test_scores("two")
    assert two["images"] == one["images"] == 6
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)


def test_lost_host_is_reported(trained):
    message = (trained.folder / "two-0.txt").read_text()
    assert message.startswith(
        "host 0 lost the connection to another host, which has ended or can't be reached"
    )
    assert message.endswith("start all hosts again with --resume")


def test_run_trained_on_jax_is_exported_on_tensorflow(trained, tmp_path):
    """test_predictions.csv has the probabilities of the network on JAX, with four decimals."""
    trained_on_jax, model = Run(trained.folder / "command"), tmp_path / "model.onnx"
    assert "jax" in trained_on_jax.read().versions
    assert trained_on_jax.read().devices == (f"cpu, {usable_cores()} cores",)
    assert run(["export", str(trained_on_jax.folder), "--output", str(model)]) == 0
    size = LoaderConfig(16, 20, ("species",), image_choice="first", shuffle=False)
    stream = (
        plugins().get(Loader, "turbo").open(Dataset.read(trained.folder / "dataset"), "test", size)
    )
    (probabilities,) = InferenceSession(model).run(
        ["species"], {INPUT_NAME: next(stream.epoch(0)).images}
    )
    with trained_on_jax.test_predictions.open(newline="") as rows:
        expected = [
            list(json.loads(row["predictions_all"]).values()) for row in csv.DictReader(rows)
        ]
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
