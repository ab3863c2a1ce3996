from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.artifacts.run import Run
from ctc.training.run_training import resume, train

pytestmark = pytest.mark.tensorflow


def _history(run: Run) -> list[dict[str, str]]:
    with run.history.open(newline="") as handle:
        return list(csv.DictReader(handle))


def _events(path: Path):
    """As TensorFlow reads them."""
    from tensorflow.compat.v1.train import summary_iterator

    return summary_iterator(str(path))


def _scalars(event) -> dict[str, float]:
    return {value.tag: value.simple_value for value in event.summary.value}


def test_tensorboard_logs_every_epoch(config, plugins_with_arrays, reporter):
    run = train(replace(config, tensorboard=True, epochs=1), plugins_with_arrays, reporter).run
    resume(replace(config, tensorboard=True, epochs=2), plugins_with_arrays, reporter)
    for name, column in (("train", "loss"), ("validation", "val_loss")):
        (path,) = (run.tensorboard / name).iterdir()
        logged = {event.step: _scalars(event) for event in _events(path) if event.step}
        assert [logged[step]["loss"] for step in (1, 2)] == pytest.approx(
            [float(row[column]) for row in _history(run)], rel=1e-4
        )
        assert {"species/accuracy", "species/macro_f1"} <= set(logged[2])
