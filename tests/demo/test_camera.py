"""Where the drawn animals can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.demo.camera import MIN_VISIBLE, seen_animal
from ctc.demo.frame import HEIGHT, ROWS, WIDTH


def plane(rows: slice = slice(None), columns: slice = slice(None)) -> np.ndarray:
    """An animal of 40 x 60 pixels, of which a part shows."""
    shown = np.zeros((40, 60), np.float32)
    shown[rows, columns] = 1
    return shown


def test_seen_animal_has_the_box_of_the_pixels_that_show() -> None:
    found = seen_animal("fox", plane(slice(10, 30), slice(20, 50)), plane(), top=100, left=200)
    assert found is not None
    box = found.box
    assert (box.x * WIDTH, box.y * HEIGHT) == pytest.approx((220, 110))
    assert (box.width * WIDTH, box.height * HEIGHT) == pytest.approx((30, 20))


@pytest.mark.parametrize(
    ("top", "left", "expected"),
    [
        (-10, 0, (0, 0, 60, 30)),
        (0, -20, (0, 0, 40, 40)),
        (0, WIDTH - 50, (WIDTH - 50, 0, 50, 40)),
        (ROWS - 25, 0, (0, ROWS - 25, 60, 25)),
    ],
)
def test_seen_animal_is_cut_at_the_edges_of_the_picture(top, left, expected) -> None:
    found = seen_animal("fox", plane(), plane(), top, left)
    assert found is not None
    box = found.box
    pixels = (box.x * WIDTH, box.y * HEIGHT, box.width * WIDTH, box.height * HEIGHT)
    assert pixels == pytest.approx(expected)


def test_seen_animal_is_none_where_too_little_shows() -> None:
    shown = round(40 * MIN_VISIBLE)
    assert seen_animal("fox", plane(slice(0, shown - 1)), plane(), 0, 0) is None
    assert seen_animal("fox", plane(slice(0, shown)), plane(), 0, 0) is not None
    assert seen_animal("fox", plane(), plane(), ROWS + 5, 0) is None
    assert seen_animal("fox", plane(), plane(), 0, -80) is None
