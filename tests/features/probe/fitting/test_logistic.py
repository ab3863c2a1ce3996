"""Tests of ctc/features/probe/fitting/logistic.py and rotation.py."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ctc.features.probe.fitting.logistic import Solution, Targets, solve
from ctc.features.probe.fitting.rotation import fit_rotation

RNG = np.random.default_rng(3)
FEATURES = RNG.normal(size=(120, 8)).astype(np.float32) @ RNG.normal(size=(8, 8)).astype(np.float32)
CLASSES = (FEATURES[:, :3] + RNG.normal(size=(120, 3))).argmax(axis=1)
PENALTY = 0.05


def exclusive(weights: np.ndarray | None = None) -> Targets:
    one_hot = np.eye(3, dtype=np.float32)[CLASSES]
    return Targets(one_hot, np.ones(120, np.float32) if weights is None else weights, True)


def fitted(targets: Targets) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits and the standardised features."""
    rotation, rotated = fit_rotation(FEATURES)
    found = solve(rotated, rotation.variance, targets, PENALTY, targets.start(rotated.shape[1]))
    return found.logits(rotated), (FEATURES - rotation.mean) / rotation.std


def softmax(logits: np.ndarray) -> np.ndarray:
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def test_classes_that_exclude_each_other_are_fitted_as_by_scikit_learn() -> None:
    logits, standardised = fitted(exclusive())
    other = LogisticRegression(C=1 / (PENALTY * 120), tol=1e-8, max_iter=1000)
    expected = other.fit(standardised, CLASSES).predict_proba(standardised)
    np.testing.assert_allclose(softmax(logits), expected, atol=0.01)


def test_weights_of_photos_are_those_of_scikit_learn() -> None:
    weights = np.where(CLASSES == 0, 3.0, 1.0).astype(np.float32)
    logits, standardised = fitted(exclusive(weights))
    other = LogisticRegression(C=1 / (PENALTY * weights.sum()), tol=1e-8, max_iter=1000)
    expected = other.fit(standardised, CLASSES, weights).predict_proba(standardised)
    np.testing.assert_allclose(softmax(logits), expected, atol=0.01)


def test_independent_classes_are_fitted_one_by_one() -> None:
    present = (FEATURES[:, :2] + RNG.normal(size=(120, 2)) > 0.5).astype(np.float32)
    logits, standardised = fitted(Targets(present, np.ones((120, 2), np.float32), False))
    for column in range(2):
        # the loss is the mean over photos and classes
        other = LogisticRegression(C=1 / (PENALTY * 240), tol=1e-8, max_iter=1000)
        expected = other.fit(standardised, present[:, column]).predict_proba(standardised)[:, 1]
        np.testing.assert_allclose(1 / (1 + np.exp(-logits[:, column])), expected, atol=0.01)


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_gradient_is_that_of_the_loss(is_exclusive: bool) -> None:
    one_hot = np.eye(3, dtype=np.float32)[CLASSES[:5]]
    shape = (5,) if is_exclusive else (5, 3)
    targets = Targets(one_hot, RNG.uniform(0.5, 2, shape).astype(np.float32), is_exclusive)
    logits = RNG.normal(size=(5, 3)).astype(np.float32)
    _, gradient = targets.loss_and_gradient(logits)
    step = np.zeros_like(logits)
    step[2, 1] = 1e-2
    slope = (targets.loss(logits + step) - targets.loss(logits - step)) / 2e-2
    assert gradient[2, 1] == pytest.approx(slope, rel=1e-2)


def test_without_features_each_class_has_its_share() -> None:
    start = exclusive().start(4)
    shares = np.bincount(CLASSES) / 120
    np.testing.assert_allclose(softmax(start.bias[None])[0], shares, atol=1e-5)


def test_a_class_that_is_never_there_is_hardly_ever_predicted() -> None:
    one_hot = np.eye(4, dtype=np.float32)[CLASSES]
    logits, _ = fitted(Targets(one_hot, np.ones(120, np.float32), True))
    assert softmax(logits)[:, 3].max() < 0.01


def test_photos_of_weight_0_teach_nothing() -> None:
    weights = np.ones(120, np.float32)
    weights[:40] = 0
    logits, _ = fitted(exclusive(weights))
    changed = exclusive(weights)
    changed.one_hot[:40] = 0
    again, _ = fitted(changed)
    np.testing.assert_allclose(logits, again, atol=1e-4)


def test_rotation_keeps_distances_with_more_photos_and_with_fewer() -> None:
    for photos in (FEATURES, FEATURES[:5]):
        rotation, rotated = fit_rotation(photos)
        standardised = (photos - rotation.mean) / rotation.std
        np.testing.assert_allclose(
            np.linalg.norm(rotated[0] - rotated[1]),
            np.linalg.norm(standardised[0] - standardised[1]),
            rtol=1e-3,
        )
        np.testing.assert_allclose(rotated.var(axis=0), rotation.variance, rtol=1e-2, atol=1e-4)
        np.testing.assert_allclose(rotation.apply(photos), rotated, atol=1e-4)


def test_fewer_photos_than_features_have_fewer_axes() -> None:
    rotation, rotated = fit_rotation(FEATURES[:5])
    assert rotated.shape[1] <= 5
    assert rotation.axes.shape == (8, rotated.shape[1])


def test_constant_feature_is_left_out() -> None:
    photos = FEATURES.copy()
    photos[:, 3] = 5
    rotation, rotated = fit_rotation(photos)
    assert rotation.std[3] == 1
    assert rotated.shape[1] == 7


def test_solution_of_zeros_predicts_its_bias() -> None:
    found = Solution(np.zeros((2, 2), np.float32), np.array([1, -1], np.float32))
    assert found.logits(np.ones((1, 2), np.float32)).tolist() == [[1, -1]]
