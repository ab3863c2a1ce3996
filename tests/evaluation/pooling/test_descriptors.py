"""Descriptors of photos, and what the network computes of them."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.evaluation.pooling.descriptors import Descriptors

RNG = np.random.default_rng(0)
FEATURES = (RNG.normal(0, 1, (200, 3)) @ RNG.normal(0, 2, (3, 12)) + 5).astype(np.float32)
FEATURES[:, 4] = 7
PROBABILITIES = {"species": RNG.dirichlet(np.ones(4), 200).astype(np.float32)}
SOME = np.arange(200) % 3 > 0


def fit() -> Descriptors:
    return Descriptors.fit(FEATURES, SOME, 60, {"species": 4})


def test_descriptors_have_few_components_where_there_are_few_events() -> None:
    described = fit().describe(FEATURES, PROBABILITIES)
    assert described.shape == (200, 6 + 4 + 1)
    assert np.isfinite(described).all()


def test_descriptors_have_a_variance_of_1_on_average() -> None:
    components = fit().describe(FEATURES, PROBABILITIES)[SOME, :6]
    assert components.var(axis=0).mean() == pytest.approx(1, rel=1e-3)


def test_scorer_differs_between_photos_as_the_descriptors_do() -> None:
    descriptors = fit()
    direction = RNG.normal(0, 1, 11)
    expected = descriptors.describe(FEATURES, PROBABILITIES) @ direction
    found = descriptors.scorer(direction).score(FEATURES, PROBABILITIES)
    assert found - found[0] == pytest.approx(expected - expected[0], rel=1e-3, abs=1e-3)
