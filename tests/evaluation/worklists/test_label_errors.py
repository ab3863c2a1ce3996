"""Search for label errors."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ctc.evaluation.worklists.label_errors import find_label_errors


def world(n: int, planted: int, seed: int = 0):
    """A model with 92 % accuracy on `n` events of 8 classes, with `planted` label errors."""
    rng = np.random.default_rng(seed)
    real = rng.integers(0, 8, n)
    scores = rng.normal(0, 1, (n, 8))
    scores[np.arange(n), real] += 3
    probabilities = np.exp(1.5 * scores)
    wrong = rng.choice(n, planted, replace=False)
    labels = real.copy()
    labels[wrong] = (real[wrong] + rng.integers(1, 8, planted)) % 8
    return (
        labels.astype(np.int32),
        (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32),
        set(wrong.tolist()),
    )


@pytest.mark.parametrize("planted", [30, 300])
def test_find_label_errors_ranks_planted_errors_first(planted: int) -> None:
    labels, probabilities, wrong = world(3000, planted)
    first = find_label_errors(labels, probabilities).row[: 2 * planted].tolist()
    assert len(wrong & set(first)) >= 0.8 * planted


@pytest.fixture(scope="module")
def demo_world():
    """True species and predictions of 640 events of the demo (seed 2, 40 new cameras)."""
    with Path(__file__).with_name("demo_world.csv").open(newline="") as file:
        _, *classes = next(rows := csv.reader(file))
        table = list(rows)
    truth = np.array([classes.index(row[0]) for row in table], np.int32)
    return truth, np.array([row[1:] for row in table], np.float32)


@pytest.mark.parametrize("planted", [16, 64, 128])
def test_find_label_errors_ranks_planted_errors_of_the_demo_first(demo_world, planted: int) -> None:
    truth, probabilities = demo_world
    for seed in range(10):
        rng = np.random.default_rng(seed)
        wrong = rng.choice(len(truth), planted, replace=False)
        labels = truth.copy()
        labels[wrong] = (truth[wrong] + rng.integers(1, 7, planted)) % 7
        first = find_label_errors(labels, probabilities).row[: 2 * planted].tolist()
        assert len(set(wrong.tolist()) & set(first)) >= 0.8 * planted


def test_find_label_errors_by_hand() -> None:
    # mean where labelled: class 0 (0.9 + 0.6 + 0.2) / 3 = 0.567, class 1 (0.7 + 0.45) / 2 = 0.575
    probabilities = np.array(
        [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.55, 0.45]], np.float32
    )
    found = find_label_errors(np.array([0, 0, 0, 1, 1], np.int32), probabilities)
    assert (found.row.tolist(), found.suggested.tolist()) == ([2, 4], [1, 0])
    assert found.is_confident.tolist() == [
        True,
        False,
    ]  # 0.8 is more than 0.575, 0.55 less than 0.567


def test_find_label_errors_is_not_confident_of_class_without_labels() -> None:
    found = find_label_errors(
        np.array([0, 0], np.int32), np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    )
    assert (found.row.tolist(), found.is_confident.tolist()) == ([1], [False])
