"""Thresholds, worked out by hand and on fresh data."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.evaluation.calibration.thresholds import class_thresholds


def predictions(n: int, seed: int):
    """Calibrated probabilities of two classes."""
    rng = np.random.default_rng(seed)
    confidence = 0.5 + 0.5 * rng.random(n) ** 0.4
    predicted = rng.integers(0, 2, n)
    truth = np.where(rng.random(n) < confidence, predicted, 1 - predicted).astype(np.int32)
    first = np.where(predicted == 0, confidence, 1 - confidence)
    return truth, np.stack([first, 1 - first], axis=1).astype(np.float32)


def test_class_thresholds_by_hand() -> None:
    # the 100 most probable are right, the next is wrong: 99 of 100 would be at least 0.953, 100 of
    # 101 too; two wrong of 102 not
    confidence = np.linspace(0.99, 0.6, 103).astype(np.float32)
    truth = np.array([0] * 100 + [1, 1, 0], np.int32)
    found = class_thresholds(
        truth, np.stack([confidence, 1 - confidence], axis=1), ("a", "b"), 0.95, 0.95
    )
    assert (found[0].accepted, found[0].predicted, found[0].threshold) == (
        101,
        103,
        confidence[100],
    )
    assert found[0].precision == pytest.approx(100 / 101)
    assert 0.95 <= found[0].at_least < found[0].precision


def test_class_thresholds_need_59_right_predictions() -> None:
    for n, threshold in ((58, None), (59, pytest.approx(0.8))):
        probabilities = np.tile(np.array([[0.8, 0.2]], np.float32), (n, 1))
        assert (
            class_thresholds(np.zeros(n, np.int32), probabilities, ("a", "b"), 0.95, 0.95)[
                0
            ].threshold
            == threshold
        )


def test_class_thresholds_accept_equal_probabilities_together() -> None:
    # 200 at one probability, of which 20 are wrong: no threshold lets the right ones pass alone
    truth = np.array([0] * 180 + [1] * 20, np.int32)
    found = class_thresholds(
        truth, np.tile(np.array([[0.8, 0.2]], np.float32), (200, 1)), ("a", "b"), 0.95, 0.95
    )
    assert (found[0].threshold, found[0].accepted) == (None, 0)


def test_class_thresholds_of_class_never_predicted_is_none() -> None:
    found = class_thresholds(
        np.zeros(3, np.int32),
        np.tile(np.array([[0.8, 0.2]], np.float32), (3, 1)),
        ("a", "b"),
        0.5,
        0.95,
    )
    assert (found[1].threshold, found[1].predicted) == (None, 0)


def test_class_thresholds_with_lower_precision_accept_more() -> None:
    truth, probabilities = predictions(3000, 0)
    strict, loose = (
        class_thresholds(truth, probabilities, ("a", "b"), aim, 0.95)[0] for aim in (0.95, 0.8)
    )
    assert (loose.accepted > strict.accepted, loose.threshold < strict.threshold) == (True, True)


@pytest.mark.parametrize("n", [300, 3000])
def test_class_thresholds_hold_on_fresh_data_with_the_confidence(n: int) -> None:
    truth, probabilities = predictions(400_000, 10_000)
    top = probabilities.argmax(axis=1)
    missed = tried = 0
    for seed in range(100):
        for number, one in enumerate(
            class_thresholds(*predictions(n, seed), ("a", "b"), 0.9, 0.95)
        ):
            if one.threshold is not None:
                accepted = (top == number) & (probabilities[:, number] >= one.threshold)
                tried += 1
                missed += (truth[accepted] == number).mean() < 0.9
    assert tried > 100
    assert missed / tried <= 0.1
