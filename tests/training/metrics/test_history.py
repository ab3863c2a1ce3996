from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from ctc.artifacts.run import Run
from ctc.training.run_training import train

pytestmark = pytest.mark.tensorflow


def _history(run: Run) -> list[dict[str, str]]:
    with run.history.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_history_has_a_row_per_epoch(config, plugins_with_arrays, reporter):
    rows = _history(train(replace(config, epochs=2), plugins_with_arrays, reporter).run)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == [
        *("epoch", "loss", "val_loss"),
        *("loss[species]", "accuracy[species]", "top5[species]", "macro_f1[species]"),
        *(
            "val_loss[species]",
            "val_accuracy[species]",
            "val_top5[species]",
            "val_macro_f1[species]",
        ),
        *("learning_rate", "images_per_second", "seconds", "waiting", "device_wait"),
    ]
