"""Precision, recall, F1 and average precision, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ctc.evaluation.metrics.average_precision import MAX_BLOCKS, average_precision
from ctc.evaluation.metrics.class_metrics import compute_class_metrics, rare_classes

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
def scores(estimator_of):
    probabilities = np.hstack([PROBABILITIES, np.zeros((6, 1), np.float32)])
    return compute_class_metrics(
        TRUTH, probabilities, CLASSES, estimator_of(probabilities.argmax(axis=1) == TRUTH)
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


def test_class_metrics_have_exact_intervals_if_all_or_none_are_right(estimator_of) -> None:
    truth = np.array([0] * 10 + [1] * 6 + [2] * 5, np.int32)
    called = np.where(truth == 2, 1, truth)
    found = compute_class_metrics(
        truth,
        np.eye(3, dtype=np.float32)[called],
        CLASSES[:3],
        estimator_of(called == truth),
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
def test_average_precision_equals_scikit_learn(estimator_of, positives, decimals) -> None:
    rng = np.random.default_rng(positives)
    positive = np.arange(4000) < positives
    probability = np.round(rng.beta(1 + positive, 2), decimals).astype(np.float32)
    found, _ = average_precision(positive, probability, estimator_of(probability > 0.5))
    assert found.value == pytest.approx(average_precision_score(positive, probability))
    assert (found.low < found.value < found.high) == (positives > 1)


def test_class_metrics_weighted_recall_is_the_accuracy_with_its_interval(scores) -> None:
    assert scores.weighted().recall == scores.estimator.proportion(
        np.array([True, True, False, True, False, False])
    )


def test_average_precision_of_1_is_no_surer_than_its_positives(estimator_of) -> None:
    positive = np.arange(100) < 10
    found, _ = average_precision(positive, positive.astype(np.float32), estimator_of(positive))
    assert (found.value, found.low, found.high) == (1, pytest.approx(0.025 ** (1 / 10)), 1)


def test_class_metrics_are_no_surer_of_equal_photos_than_of_one_each(estimator_of) -> None:
    # 100 events of 20 equal photos say no more than 100 photos, though there are 2,000
    truth = np.zeros(2000, np.int32)
    event = np.repeat(np.arange(100), 20)
    probabilities = np.eye(2, dtype=np.float32)[(event % 2)]
    together, apart = (
        compute_class_metrics(
            truth, probabilities, ("a", "b"), estimator_of(event % 2 == 0, numbers)
        )
        .by_class()[0]
        .recall
        for numbers in (event, None)
    )
    assert together.high - together.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 100), rel=0.15)
    assert apart.high - apart.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 2000), rel=0.15)


def test_class_metrics_three_events_of_five_right_photos_are_three_observations(
    estimator_of,
) -> None:
    event = np.repeat(np.arange(3), 5)
    found = compute_class_metrics(
        np.zeros(15, np.int32),
        np.tile(np.array([[1, 0]], np.float32), (15, 1)),
        ("deer", "fox"),
        estimator_of(np.ones(15), event),
    )
    recall = found.by_class()[0].recall
    assert (recall.low, recall.high) == (pytest.approx(0.025 ** (1 / 3)), 1)
    assert found.macro().recall.low == pytest.approx(0.025 ** (1 / 3))


def test_class_metrics_have_wider_intervals_for_new_locations(estimator_of) -> None:
    rng = np.random.default_rng(0)
    location = np.repeat(np.arange(20), 50)
    right = rng.random(1000) < np.repeat(rng.uniform(0.4, 1, 20), 50)
    found = compute_class_metrics(
        np.zeros(1000, np.int32),
        np.eye(2, dtype=np.float32)[np.where(right, 0, 1)],
        ("deer", "fox"),
        estimator_of(right, location=location),
    )
    for one in (found.weighted().recall, found.macro().recall, found.by_class()[0].f1):
        assert one.new_low < one.low < one.value < one.high < one.new_high


def test_rare_classes_have_less_than_a_tenth_of_the_mean() -> None:
    assert rare_classes([1000, 1000, 99, 9, 0]).tolist() == [False, False, False, True, False]
    assert rare_classes([5, 5]).tolist() == [False, False]
