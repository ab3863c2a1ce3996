"""Steps whose metrics are read later: on a GPU, so that it always has work."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.plugin import Batch
from ctc.training.metrics.metrics import MetricSums
from ctc.training.run_training import train
from ctc.training.trainer.steps import pending_steps
from ctc.training.trainer.steps.pending_steps import IN_FLIGHT, PendingSteps, StartedStep
from ctc.training.trainer.steps.step_errors import NotANumberError

pytestmark = pytest.mark.tensorflow

BATCH = Batch(np.zeros((1, 1, 1, 3), np.uint8), {})


def _step(images: int) -> StartedStep:
    return StartedStep((), (), images, BATCH)


@pytest.fixture
def read_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics are read as on a GPU, a few steps later."""
    monkeypatch.setattr(pending_steps, "keras_gpus", lambda: ["gpu:0"])
    monkeypatch.setattr(pending_steps, "READ_EVERY", 2)


@pytest.mark.parametrize(("read_every", "read"), [(1, [1, 2, 3, 4, 5, 6]), (3, [1, 2, 3])])
def test_pending_steps_read_all_but_newest(read_every, read):
    done: list[int] = []
    pending = PendingSteps(
        MetricSums(), lambda metrics: done.append(metrics.images), read_every=read_every
    )
    for number in range(1, 7):
        pending.append(_step(number))
    assert done == read
    pending.flush()
    assert done == [1, 2, 3, 4, 5, 6]


def test_pending_steps_keep_batches_until_they_are_read():
    """TensorFlow's images from DALI must not be released while the device may read them."""
    pending = PendingSteps(MetricSums(), lambda _: None, read_every=3)
    for number in range(3 + IN_FLIGHT):
        pending.append(_step(number))
    assert [step.images for step in pending._steps] == [3, 4]


def test_pending_steps_on_a_cpu_wait_for_each_step():
    done: list[int] = []
    PendingSteps(MetricSums(), lambda metrics: done.append(metrics.images)).append(_step(7))
    assert done == [7]


def test_pending_steps_count_the_wait_for_the_device(monkeypatch):
    times = iter((10.0, 12.5))
    monkeypatch.setattr(pending_steps.time, "perf_counter", lambda: next(times))
    totals = MetricSums()
    PendingSteps(totals, lambda _: None, read_every=1).append(_step(1))
    assert (totals.device_wait, totals.data_wait) == (2.5, 0.0)


@pytest.mark.slow
def test_training_with_late_reads_is_the_same(config, plugins_with_arrays, reporter, read_late):
    config = replace(config, batch_size=6, epochs=2, checkpoint_steps=2)
    late = train(config, plugins_with_arrays, reporter)
    pending_steps.READ_EVERY = 1
    again = replace(config, output=f"{config.output}-at-once")
    at_once = train(again, plugins_with_arrays, reporter)
    for one, other in zip(late.epochs, at_once.epochs, strict=True):
        assert (one.training.loss, one.training.images) == (
            other.training.loss,
            other.training.images,
        )
        assert one.monitored_loss == other.monitored_loss
    assert [Run(late.run.folder).history.read_text().splitlines()[0]] == [
        Run(at_once.run.folder).history.read_text().splitlines()[0]
    ]


def test_late_nan_names_label_and_step(config, plugins_with_arrays, reporter, read_late):
    config = replace(config, batch_size=4, learning_rate=1e30, epochs=1)
    with pytest.raises(NotANumberError) as caught:
        train(config, plugins_with_arrays, reporter)
    assert "the loss of 'species' is not a number after step " in str(caught.value)


def test_old_metrics_without_device_wait_are_read():
    data = MetricSums(images=3, seconds=2.0, data_wait=1.0, device_wait=0.5).to_json()
    assert MetricSums.from_json(data).device_wait == 0.5
    del data["device_wait"]
    assert MetricSums.from_json(json.loads(json.dumps(data))).device_wait == 0.0
