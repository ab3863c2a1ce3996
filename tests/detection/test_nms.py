from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctc.detection.nms import MAX_CANDIDATES, suppress_overlaps


def slow(corners, scores, categories, max_iou, max_boxes) -> list[int]:
    """The definition, a box at a time, in Python's floats."""
    kept: list[int] = []
    for number in sorted(range(len(scores)), key=lambda one: (-scores[one], one)):
        if len(kept) == max_boxes:
            break
        if all(
            iou(corners[number], corners[other]) <= max_iou
            or (categories is not None and categories[number] != categories[other])
            for other in kept
        ):
            kept.append(number)
    return kept


def iou(a, b) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [max(0.0, x[2] - x[0]) * max(0.0, x[3] - x[1]) for x in (a, b)]
    union = sum(areas) - width * height
    return width * height / union if union else 0.0


BOX = st.tuples(*[st.integers(0, 12)] * 4, st.sampled_from([0.1, 0.5, 0.5, 0.9]), st.integers(0, 2))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(BOX, max_size=14),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.integers(0, 9),
    st.booleans(),
)
def test_suppress_overlaps_equals_the_definition(boxes, max_iou, max_boxes, by_category) -> None:
    corners = np.array([[x, y, x + w, y + h] for x, y, w, h, *_ in boxes], np.float32).reshape(
        -1, 4
    )
    scores = np.array([box[4] for box in boxes], np.float32)
    categories = np.array([box[5] for box in boxes], np.int64) if by_category else None
    kept = suppress_overlaps(corners, scores, categories, max_iou, max_boxes)
    assert kept.tolist() == slow(corners.tolist(), scores.tolist(), categories, max_iou, max_boxes)


@pytest.mark.parametrize("count", [0, MAX_CANDIDATES + 1])
def test_suppress_overlaps_looks_at_the_surest_boxes(count: int) -> None:
    corners = np.arange(count, dtype=np.float32)[:, None] * 10 + np.array([0, 0, 5, 5], np.float32)
    scores = np.linspace(0.1, 0.9, count, dtype=np.float32)
    kept = suppress_overlaps(corners, scores, None, 0.5, 300)
    assert kept.tolist() == list(range(count))[::-1][:300]
