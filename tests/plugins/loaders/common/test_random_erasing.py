from __future__ import annotations

import numpy as np
import pytest

from ctc_plugins.loaders.common.apply_colors import erase
from ctc_plugins.loaders.common.random_erasing import Erasure, random_erasures

SIZE = (90, 120)


def test_random_erasures_have_published_areas_aspects_and_probability() -> None:
    drawn = random_erasures(0.25, SIZE, (0, 0, 0, 0), 8000)
    boxes = [box for box in drawn if box]
    assert len(boxes) / len(drawn) == pytest.approx(0.25, abs=0.02)
    areas = np.array([box.height * box.width for box in boxes]) / (90 * 120)
    aspects = np.array([box.height / box.width for box in boxes])
    assert areas.min() == pytest.approx(0.02, abs=0.004)
    assert areas.max() == pytest.approx(0.4, abs=0.02)
    assert 0.25 < aspects.min() < 0.35
    assert 2.8 < aspects.max() < 3.6
    assert all(box.top >= 0 and box.top + box.height <= 90 for box in boxes)
    assert all(box.left >= 0 and box.left + box.width <= 120 for box in boxes)
    assert {box.top == 0 for box in boxes} == {True, False}
    assert np.mean([box.color for box in boxes]) == pytest.approx(127.5, abs=5)


def test_random_erasures_depend_on_key_alone() -> None:
    first = random_erasures(1.0, SIZE, (1, 2, 3, 0), 8)
    assert first == random_erasures(1.0, SIZE, (1, 2, 3, 0), 8)
    assert all(first)
    for key in ((0, 2, 3, 0), (1, 0, 3, 0), (1, 2, 0, 0), (1, 2, 3, 1)):
        assert random_erasures(1.0, SIZE, key, 8) != first


def test_erase_fills_the_box_alone() -> None:
    image = np.full((8, 9, 3), 7, np.uint8)
    expected = image.copy()
    expected[2:5, 3:7] = (1, 2, 3)
    erase(image, Erasure(2, 3, 3, 4, (1, 2, 3)))
    np.testing.assert_array_equal(image, expected)
    erase(image, None)
    np.testing.assert_array_equal(image, expected)
