"""Precision, recall, F1 and average precision, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ctc.evaluation.metrics.class_metrics import (
    MAX_BLOCKS,
    average_precision,
    compute_class_metrics,
    rare_classes,
)
from ctc.evaluation.metrics.intervals import ClusterBootstrap

# truth 0 0 0 1 1 2, called 0 0 1 1 0 1
TRUTH = np.array([0, 0, 0, 1, 1, 2], np.int32)
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.3, 0.6, 0.1],
        [0.1, 0.9, 0.0],
        [0.5, 0.4, 0.1],
        [0.2, 0.7, 0.1],
    ],
    np.float32,
)
CLASSES = ("deer", "fox", "wolf", "yeti")


@pytest.fixture
def scores():
    probabilities = np.hstack([PROBABILITIES, np.zeros((6, 1), np.float32)])
    return compute_class_metrics(
        TRUTH, probabilities, CLASSES, ClusterBootstrap.from_events(np.arange(6, dtype=np.int32))
    )


def test_class_metrics_by_hand(scores) -> None:
    deer, fox, wolf, yeti = scores.by_class()
    assert (
        deer.support,
        deer.predicted,
        fox.support,
        fox.predicted,
        wolf.support,
        wolf.predicted,
    ) == (
        3,
        3,
        2,
        3,
        1,
        0,
    )
    assert (deer.precision.value, deer.recall.value, deer.f1.value) == pytest.approx(
        (2 / 3, 2 / 3, 2 / 3)
    )
    assert (fox.precision.value, fox.recall.value, fox.f1.value) == pytest.approx(
        (1 / 3, 1 / 2, 2 / 5)
    )
    assert math.isnan(wolf.precision.value)
    assert (wolf.recall.value, wolf.f1.value) == (0, 0)
    assert all(
        map(
            math.isnan,
            (yeti.precision.value, yeti.recall.value, yeti.f1.value, yeti.average_precision.value),
        )
    )


def test_class_metrics_have_exact_intervals_if_all_or_none_are_right() -> None:
    truth = np.array([0] * 10 + [1] * 6 + [2] * 5, np.int32)
    called = np.where(truth == 2, 1, truth)
    found = compute_class_metrics(
        truth,
        np.eye(3, dtype=np.float32)[called],
        CLASSES[:3],
        ClusterBootstrap.from_events(np.arange(21, dtype=np.int32)),
    )
    deer, fox, wolf = found.by_class()
    low = 0.025 ** (1 / 10)  # 10 of 10
    assert (deer.recall.low, deer.recall.high) == pytest.approx((low, 1))
    assert (deer.f1.low, deer.f1.high) == pytest.approx((2 * low / (1 + low), 1))
    assert (fox.recall.low, fox.precision.low > 0) == (pytest.approx(0.025 ** (1 / 6)), True)
    high = 1 - 0.025 ** (1 / 5)  # 0 of 5
    assert (wolf.recall.low, wolf.recall.high) == pytest.approx((0, high))
    assert wolf.f1.high == pytest.approx(2 * high / (1 + high))


def test_average_precision_by_hand(scores) -> None:
    # deer by probability: right, right, wrong, right → (1 + 1 + 3/4) / 3; fox: right, wrong, wrong,
    # right → (1 + 2/4) / 2
    deer, fox, *_ = scores.by_class()
    assert deer.average_precision.value == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert fox.average_precision.value == pytest.approx((1 + 2 / 4) / 2)


def test_class_metrics_means_by_hand(scores) -> None:
    macro, weighted = scores.macro(), scores.weighted()
    assert macro.precision.value == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert macro.recall.value == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert weighted.recall.value == pytest.approx(3 / 6)
    assert weighted.f1.value == pytest.approx((3 * 2 / 3 + 2 * 2 / 5 + 0) / 6)
    assert scores.macro(np.array([True, False, False, True])).recall.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("positives", [1, 40, 5 * MAX_BLOCKS])
@pytest.mark.parametrize("decimals", [2, 7])
def test_average_precision_equals_scikit_learn(positives: int, decimals: int) -> None:
    rng = np.random.default_rng(positives)
    positive = np.arange(4000) < positives
    probability = np.round(rng.beta(1 + positive, 2), decimals).astype(np.float32)
    value, samples = average_precision(
        positive, probability, ClusterBootstrap.from_events(np.arange(4000, dtype=np.int32))
    )
    assert value == pytest.approx(average_precision_score(positive, probability))
    low, high = np.nanquantile(samples, (0.025, 0.975))
    assert low <= value <= high


def test_class_metrics_intervals_have_nominal_coverage() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        truth = rng.integers(0, 2, 300).astype(np.int32)
        predicted = np.where(rng.random(300) < 0.8, truth, 1 - truth)  # recall 0.8 for both
        probabilities = np.eye(2, dtype=np.float32)[predicted]
        found = compute_class_metrics(
            truth,
            probabilities,
            ("a", "b"),
            ClusterBootstrap.from_events(np.arange(300, dtype=np.int32)),
        ).by_class()[0]
        covered += found.recall.low <= 0.8 <= found.recall.high
    assert 88 <= covered <= 99


def test_cluster_bootstrap_resamples_whole_events() -> None:
    # 100 events of 20 equal photos say no more than 100 photos, though there are 2,000
    truth = np.zeros(2000, np.int32)
    event = np.repeat(np.arange(100), 20).astype(np.int32)
    probabilities = np.eye(2, dtype=np.float32)[(event % 2)]
    together = (
        compute_class_metrics(truth, probabilities, ("a", "b"), ClusterBootstrap.from_events(event))
        .by_class()[0]
        .recall
    )
    apart = (
        compute_class_metrics(
            truth,
            probabilities,
            ("a", "b"),
            ClusterBootstrap.from_events(np.arange(2000, dtype=np.int32)),
        )
        .by_class()[0]
        .recall
    )
    assert together.high - together.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 100), rel=0.15)
    assert apart.high - apart.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 2000), rel=0.15)


def test_rare_classes_have_less_than_a_tenth_of_the_mean() -> None:
    assert rare_classes([1000, 1000, 99, 9, 0]).tolist() == [False, False, False, True, False]
    assert rare_classes([5, 5]).tolist() == [False, False]
