"""Batches that are copied to the GPU; here Keras's CPU stands for it."""

from __future__ import annotations

import threading
from itertools import count

import keras
import numpy as np
import pytest

from ctc.plugin import Batch
from ctc.training.trainer.steps import device_batches
from ctc.training.trainer.steps.device_batches import on_device

pytestmark = pytest.mark.tensorflow


def _batch(value: int) -> Batch:
    return Batch(np.full((2, 3, 3, 3), value, np.uint8), {"species": np.zeros(2, np.int32)})


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_batches, "keras_gpus", lambda: ["cpu:0"])


def test_batches_of_a_cpu_stay_as_they_are():
    batches = iter([_batch(1)])
    with on_device(batches, 1) as found:
        assert found is batches


def test_batches_of_several_devices_are_divided_in_the_step(gpu):
    batches = iter([_batch(1)])
    with on_device(batches, 2) as found:
        assert found is batches


def test_batches_are_copied_in_order(gpu):
    with on_device(map(_batch, range(5)), 1) as found:
        batches = list(found)
    assert [int(np.asarray(batch.images).max()) for batch in batches] == list(range(5))
    assert all(keras.ops.is_tensor(batch.images) for batch in batches)
    assert {str(batch.images.dtype) for batch in batches} == {"<dtype: 'uint8'>"}
    assert set(batches[0].labels) == {"species"}


def test_a_batch_is_copied_a_step_ahead_in_one_thread(gpu):
    made: list[int] = []
    threads = set()

    def make(number: int) -> Batch:
        made.append(number)
        threads.add(threading.current_thread().name)
        return _batch(number)

    with on_device(map(make, count()), 1) as found:
        next(found)
        next(found)
    assert made in ([0, 1, 2], [0, 1])
    assert all(name.startswith("ctc-copy") for name in threads)
    assert not [one for one in threading.enumerate() if one.name.startswith("ctc-copy")]


def test_error_of_a_loader_passes_through(gpu):
    def broken():
        yield _batch(0)
        raise ValueError("a bad record")

    with on_device(broken(), 1) as found, pytest.raises(ValueError, match="a bad record"):
        list(found)
