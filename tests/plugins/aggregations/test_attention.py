"""The aggregation by attention: photos count by what a model says of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from ctc.artifacts.model.pooling import Attention
from ctc.artifacts.predictions import ImagePrediction
from ctc.plugin import Aggregation, AggregationContext
from ctc.plugin.manager import plugins
from ctc.testing.aggregations import check_aggregation

PHOTOS = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.5, 0.3, 0.2]], np.float32)
SCORES = (0.0, float(np.log(3)), 0.0)


def pool(
    photos: np.ndarray, scores: tuple[float, ...] = SCORES, growth: float = 0.5, most: int = 3
) -> np.ndarray:
    known = tuple(
        ImagePrediction("a.jpg", {}, attention=Attention(score, growth, most)) for score in scores
    )
    context = AggregationContext(label="species", classes=("a", "b", "c"), photos=known)
    return plugins().get(Aggregation, "attention").run(photos, context)


def test_attention_keeps_the_contract_of_aggregations() -> None:
    check_aggregation(plugins().get(Aggregation, "attention"))


def test_attention_weighs_the_logarithms() -> None:
    # weights 1/5, 3/5, 1/5; the exponent 3 ** 0.5
    parts = PHOTOS[:, :].astype(float) ** np.array([[0.2], [0.6], [0.2]])
    expected = np.prod(parts, axis=0) ** 3**0.5
    assert pool(PHOTOS) == pytest.approx(expected / expected.sum(), rel=1e-6)


def test_attention_keeps_the_bits_of_a_single_photo() -> None:
    assert pool(PHOTOS[:1], SCORES[:1]).tobytes() == PHOTOS[0].tobytes()


def test_attention_has_the_same_bits_in_any_order() -> None:
    rng = np.random.default_rng(0)
    photos = rng.dirichlet(np.ones(3), 5).astype(np.float32)
    scores = rng.normal(0, 2, 5)
    found = {
        pool(photos[list(order)], tuple(scores[list(order)]), most=5).tobytes()
        for order in permutations(range(5))
    }
    assert len(found) == 1


def test_attention_adds_up_no_more_photos_than_it_was_fitted_to() -> None:
    many = np.repeat(PHOTOS[:1], 50, axis=0)
    assert pool(many, (0.0,) * 50) == pytest.approx(pool(many[:3], (0.0,) * 3), rel=1e-6)


def test_photos_without_attention_count_alike() -> None:
    context = AggregationContext(label="species", classes=("a", "b", "c"), photos=())
    found = plugins().get(Aggregation, "attention").run(PHOTOS, context)
    product = plugins().get(Aggregation, "product").run(PHOTOS, context)
    assert found == pytest.approx(product, rel=1e-6)
