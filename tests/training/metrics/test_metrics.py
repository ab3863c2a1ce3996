from __future__ import annotations

import json

import numpy as np
import pytest

from ctc.training.metrics.metrics import MetricSums, SplitMetrics

pytestmark = pytest.mark.tensorflow

LOGS = {
    "loss_0": 3.0,
    "correct_0": 1.0,
    "top_k_correct_0": 2.0,
    "photos_0": 2.0,
    "true_positives_0": np.array([1.0, 0.0]),
    "predicted_0": np.array([2.0, 0.0]),
    "support_0": np.array([1.0, 1.0]),
}


def _sums() -> MetricSums:
    sums = MetricSums(images=2, seconds=4.0, data_wait=1.0)
    sums += MetricSums.from_logs(("species",), LOGS)
    return sums


def test_metric_sums_add_up():
    sums = _sums()
    sums += _sums()
    metrics = sums.compute({"species": 0.5})
    assert (metrics.images, metrics.images_per_second, metrics.wait_fraction) == (4, 0.5, 0.25)
    assert metrics.loss == 0.5 * 6.0 / 4
    assert metrics.labels["species"].n == 4
    assert (metrics.labels["species"].accuracy, metrics.labels["species"].top5) == (0.5, 1.0)
    assert metrics.labels["species"].macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_metric_sums_keep_the_names_of_checkpoints():
    stored = json.loads(json.dumps(_sums().to_json()))
    assert set(stored) == {"sums", "images", "seconds", "waited", "device_wait"}
    assert set(stored["sums"]["species"]) == {
        *("loss", "correct", "among_best", "present", "hit", "chosen", "actual")
    }
    restored = MetricSums.from_json(stored)
    assert restored.compute({"species": 1.0}) == _sums().compute({"species": 1.0})


def test_split_metrics_round_trip_through_json():
    metrics = _sums().compute({"species": 1.0})
    stored = json.loads(json.dumps(metrics.to_json()))
    assert stored["waited"] == 1.0
    assert "data_wait" not in stored
    assert SplitMetrics.from_json(stored) == metrics
