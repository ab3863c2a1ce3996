from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctc.plugin import Aggregation, AggregationContext
from ctc.plugin.manager import plugins

PHOTOS = np.array(
    [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.5, 0.3, 0.2]],
    np.float32,
)
EVENTS = {
    "mean": [0.425, 0.275, 0.3],
    "max": [0.6, 0.4, 0.8],
    "min": [0.1, 0.1, 0.1],
    "top_k_mean": [1.6 / 3, 1 / 3, 1.1 / 3],  # of four photos
    "product": [
        0.4402,
        0.3082,
        0.2516,
    ],  # (0.015, 0.0036, 0.0016) to the power of 1/4, over their sum
    "vote": [0.75, 0, 0.25],
}
NAMES = sorted(EVENTS)


def combine(name: str, photos: np.ndarray) -> np.ndarray:
    classes = tuple(f"class {number}" for number in range(photos.shape[1]))
    context = AggregationContext(label="species", classes=classes, photos=())
    return plugins().get(Aggregation, name).run(photos, context)


def test_mean_counts_boxes_by_the_detectors_confidence() -> None:
    context = AggregationContext(
        label="species", classes=("a", "b", "c"), photos=(), weights=(0.9, 0.1, 0.0, 0.0)
    )
    combined = plugins().get(Aggregation, "mean").run(PHOTOS, context)
    assert combined.tolist() == pytest.approx([0.59, 0.31, 0.1])
    assert combined.dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_aggregation_combines_photos(name: str) -> None:
    combined = combine(name, PHOTOS)
    assert combined.tolist() == pytest.approx(EVENTS[name], abs=5e-4)
    assert combined.dtype == np.float32


def test_aggregations_all_differ() -> None:
    answers = {tuple(combine(name, PHOTOS).round(3).tolist()) for name in NAMES}
    assert len(answers) == len(NAMES)


@pytest.mark.parametrize("name", ["mean", "max", "min", "top_k_mean", "product"])
def test_aggregation_of_one_photo_is_that_photo(name: str) -> None:
    assert combine(name, PHOTOS[:1]).tolist() == pytest.approx([0.6, 0.3, 0.1])


def test_vote_of_one_photo_and_of_a_tie_takes_first_class() -> None:
    assert combine("vote", np.array([[0.2, 0.4, 0.4]], np.float32)).tolist() == [0, 1, 0]


def test_top_k_mean_averages_fewer_than_k_photos() -> None:
    assert combine("top_k_mean", PHOTOS[:2]).tolist() == pytest.approx([0.55, 0.35, 0.1])


def test_product_of_contradicting_photos_is_undecided() -> None:
    assert combine("product", np.array([[1, 0], [0, 1]], np.float32)).tolist() == [0.5, 0.5]


def test_product_of_many_photos_does_not_underflow() -> None:
    assert combine("product", np.tile(PHOTOS[:1], (10_000, 1))).tolist() == pytest.approx(
        [0.6, 0.3, 0.1], rel=1e-4
    )


@given(
    st.integers(1, 5).flatmap(
        lambda classes: st.lists(
            st.lists(st.floats(0, 1, width=32), min_size=classes, max_size=classes),
            min_size=1,
            max_size=9,
        )
    )
)
def test_product_and_vote_sum_to_one(photos: list[list[float]]) -> None:
    array = np.array(photos, np.float32)
    assert combine("product", array).sum() == pytest.approx(1, rel=1e-5)
    assert combine("vote", array).sum() == pytest.approx(1, rel=1e-5)
