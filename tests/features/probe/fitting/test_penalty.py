"""Tests of ctc/features/probe/fitting/penalty.py."""

from __future__ import annotations

import numpy as np

from ctc.features.probe.fitting.logistic import Targets
from ctc.features.probe.fitting.penalty import (
    PathPoint,
    fit_with_cross_validation,
    fit_with_validation,
)
from ctc.features.probe.fitting.rotation import fit_rotation

RNG = np.random.default_rng(1)


def problem(signal: float, count: int = 200) -> tuple[np.ndarray, Targets]:
    classes = RNG.integers(2, size=count)
    features = RNG.normal(size=(count, 20)).astype(np.float32)
    features[:, 0] += signal * classes
    one_hot = np.eye(2, dtype=np.float32)[classes]
    return features, Targets(one_hot, np.ones(count, np.float32), exclusive=True)


def by_validation(signal: float) -> PathPoint:
    features, targets = problem(signal)
    rotation, rotated = fit_rotation(features)
    unseen, held_out = problem(signal)
    turned = rotation.apply(unseen)
    return fit_with_validation(
        rotated, rotation.variance, targets, lambda one: held_out.loss(one.logits(turned))
    )


def test_noise_is_penalised_more_than_a_signal() -> None:
    assert by_validation(0.0).penalty > by_validation(4.0).penalty


def test_loss_is_that_of_the_held_out_photos() -> None:
    assert by_validation(0.0).loss > 0.6 > by_validation(4.0).loss


def test_cross_validation_chooses_alike() -> None:
    chosen = []
    for signal in (0.0, 4.0):
        features, targets = problem(signal)
        rotation, rotated = fit_rotation(features)
        point = fit_with_cross_validation(rotated, rotation.variance, targets, np.arange(200), 0)
        chosen.append(point)
    assert chosen[0].penalty > chosen[1].penalty
    assert chosen[0].loss > 0.6 > chosen[1].loss


def test_groups_stay_together() -> None:
    """Copies of a photo on both sides of a fold would make any penalty look too good."""
    features, targets = problem(0.0, 40)
    copies = np.tile(features, (5, 1))
    fivefold = targets.take(np.tile(np.arange(40), 5))
    rotation, rotated = fit_rotation(copies)
    losses = [
        fit_with_cross_validation(rotated, rotation.variance, fivefold, group, 0).loss
        for group in (np.arange(200), np.tile(np.arange(40), 5))
    ]
    assert losses[0] < 0.6 < losses[1]


def test_one_group_gets_a_penalty_all_the_same() -> None:
    features, targets = problem(4.0)
    rotation, rotated = fit_rotation(features)
    group = np.zeros(200, np.int64)
    point = fit_with_cross_validation(rotated, rotation.variance, targets, group, 0)
    assert point.penalty == 1
    assert np.isnan(point.loss)
