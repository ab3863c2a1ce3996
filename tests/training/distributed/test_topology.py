from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import UsageError
from ctc.training.distributed.topology import BACKEND, Topology


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        (
            Topology(hosts=2, index=2, coordinator="here:1"),
            "--host-index 2 is out of range: with --hosts 2 it is 0 to 1",
        ),
        (Topology(hosts=1, index=1), "--host-index 1 is out of range: with --hosts 1 it is 0 to 0"),
        (Topology(hosts=2), "--hosts 2 needs --coordinator HOST:PORT"),
        (Topology(hosts=2, coordinator="here"), "--hosts 2 needs --coordinator HOST:PORT"),
    ],
)
def test_check_rejects_inconsistent_numbers(topology, message):
    with pytest.raises(UsageError, match=message):
        topology.check()


def test_check_of_several_devices_needs_jax(monkeypatch):
    monkeypatch.setenv(BACKEND, "tensorflow")
    with pytest.raises(UsageError, match="set KERAS_BACKEND=jax in the environment"):
        Topology(devices_per_host=2).check()


def test_one_device_needs_no_setup():
    with Topology().initialize(), Topology().scope():
        assert Topology().all_gather([1, 2]).tolist() == [[1, 2]]


def test_check_accepts_coordinator_with_one_host(config):
    assert replace(config, coordinator="here:1").topology.check() is None
