"""Several devices and hosts: what they learn together is what one learns."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model_file import INPUT_NAME
from ctc.artifacts.run import Run
from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.hardware import usable_cores
from ctc.plugin import Loader, LoaderConfig
from ctc.plugin.manager import plugins
from ctc.testing import build_dataset
from ctc.training.distributed.topology import BACKEND, JAX, Topology
from ctc.training.plan import resolve_plan

COMPILE_QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (
            Topology(hosts=2, index=2, coordinator="here:1"),
            "--host-index 2: with --hosts 2 it goes from 0 to 1",
        ),
        (Topology(hosts=1, index=1), "--host-index 1: with --hosts 1 it goes from 0 to 0"),
        (Topology(hosts=2), "--hosts 2 needs --coordinator HOST:PORT"),
        (Topology(hosts=2, coordinator="here"), "--hosts 2 needs --coordinator HOST:PORT"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(devices, message):
    with pytest.raises(UsageError, match=message):
        devices.check()


def test_several_devices_need_jax(monkeypatch):
    monkeypatch.setenv(BACKEND, "tensorflow")
    with pytest.raises(UsageError, match="set KERAS_BACKEND=jax in the environment"):
        Topology(devices_per_host=2).check()


def test_one_device_needs_nothing():
    with Topology().initialize(), Topology().scope():
        assert Topology().all_gather([1, 2]).tolist() == [[1, 2]]


def test_one_host_goes_on_with_what_several_began(config):
    assert replace(config, coordinator="here:1").where.check() is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_size": 12, "devices": 8},
            "--batch-size 12 can't be shared by 8 devices: take a multiple of 8",
        ),
        (
            {"batch_size": 12, "devices": 4, "hosts": 2},
            "--batch-size 12 can't be shared by 8 devices",
        ),
        (
            {"batch_size": 80, "devices": 40},
            "the split 'train' of '.*' has too few photos for 40 devices",
        ),
        (
            {"batch_size": 12, "devices": 4, "accumulate": 4},
            "more parts than a batch has photos of each device, 3",
        ),
    ],
)
def test_batches_that_devices_cant_share_are_refused(config, plugins_with_arrays, options, message):
    with pytest.raises(UsageError, match=message):
        resolve_plan(replace(config, **options), plugins_with_arrays)


def test_each_host_reads_its_part(config, plugins_with_arrays):
    plan = resolve_plan(replace(config, hosts=2, host_index=1), plugins_with_arrays)
    assert (plan.training_loader_config().shard, plan.training_loader_config().batch_size) == (
        (1, 2),
        6,
    )


def test_few_photos_make_one_batch_that_devices_can_share(config, plugins_with_arrays):
    assert (
        resolve_plan(replace(config, batch_size=80, devices=5), plugins_with_arrays)
        .training_loader_config()
        .batch_size
        == 35
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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
    """What `one_of_several.py` left."""

    folder: Path
    ended: dict[str, list[int]]

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
    """Each of 24 photos comes once an epoch, three times eight; 9 validation photos fill no
    batch."""
    if sys.platform == "win32":
        pytest.skip("needs fork")
    folder = tmp_path_factory.mktemp("several")
    dataset = build_dataset(folder / "dataset", {"train": 24, "val": 10, "test": 6}, 2, 60)
    script = Path(__file__).with_name("one_of_several.py")
    done = _on_jax(script, dataset.folder, folder, _free_port(), _free_port())
    assert done.returncode == 0, done.stderr
    return Trained(folder, json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("index", [0, 1])
def test_a_host_that_nobody_meets_says_so_and_ends(index):
    place = f"127.0.0.1:{_free_port()}"
    code = f"""
from ctc.errors import CtcError
from ctc.training import devices
devices.MEETING_SECONDS = 1
try:
    with devices.Devices(hosts=2, index={index}, coordinator="{place}").met():
        print("met")
except CtcError as error:
    print(error)
"""
    done = _on_jax("-c", code)
    assert done.stdout.startswith(
        f"host {index} of 2 didn't meet the others at '{place}' within 1 s; start the same command"
    )
    assert (done.returncode, done.stderr) == (1, "")


def test_a_port_that_is_taken_is_told_at_once():
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        code = f"from ctc.training.distributed.topology import Devices; Devices(hosts=2, coordinator='{place}').met().__enter__()"
        done = _on_jax("-c", code)
    assert f"host 0 of 2 didn't meet the others at '{place}': " in done.stderr.splitlines()[-1]


def test_hosts_hold_the_same_weights(trained):
    for one, other in zip(trained.weights("two-0"), trained.weights("two-1"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_hosts_learn_what_one_learns_although_one_of_them_was_killed(trained):
    assert trained.ended["two"] == [1, -9]
    assert trained.ended["two again"] == [0, 0]
    assert len(trained.losses("one")) == 6
    assert trained.losses("two") == pytest.approx(trained.losses("one"), rel=1e-4)
    for one, two in zip(trained.weights("one-0"), trained.weights("two-0"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_the_first_host_looks_at_the_whole_test_split(trained):
    one, two = trained.test_scores("one"), trained.test_scores("two")
    assert two["images"] == one["images"] == 6
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)


def test_a_host_that_is_lost_is_told_of(trained):
    told = (trained.folder / "two-0.txt").read_text()
    assert told.startswith("host 0 lost another one, which has ended or can't be reached")
    assert told.endswith("start all of them again with --resume")


def test_what_was_trained_on_jax_is_exported_on_tensorflow(trained, tmp_path):
    """The run says what the network on JAX answered, with four decimals."""
    trained_on_jax, model = Run(trained.folder / "command"), tmp_path / "model.onnx"
    assert "jax" in trained_on_jax.read().versions
    assert trained_on_jax.read().devices == (f"cpu, {usable_cores()} cores",)
    assert run(["export", str(trained_on_jax.folder), "--output", str(model)]) == 0
    size = LoaderConfig(16, 20, ("species",), image_choice="first", shuffle=False)
    stream = (
        plugins().get(Loader, "turbo").open(Dataset.read(trained.folder / "dataset"), "test", size)
    )
    (answers,) = InferenceSession(model).run(
        ["species"], {INPUT_NAME: next(stream.epoch(0)).images}
    )
    with trained_on_jax.test_predictions.open(newline="") as rows:
        told = [list(json.loads(row["predictions_all"]).values()) for row in csv.DictReader(rows)]
    np.testing.assert_allclose(answers, told, atol=1e-4)
