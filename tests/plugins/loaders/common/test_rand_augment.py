"""RandAugment: operations, their matrices, and the order in which they apply."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from ctc.plugin import Augmentation
from ctc_plugins.loaders.common.augment import fold_in_mean
from ctc_plugins.loaders.common.rand_augment import (
    OPERATIONS,
    Operation,
    color_steps,
    distortion,
    linear_matrix,
    operation,
    random_operations,
)

ON = Augmentation(randaugment=2, randaugment_magnitude=10.0)
PIXELS = np.random.default_rng(0).uniform(60, 180, (50, 3))


def _apply(matrix: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    folded = fold_in_mean(matrix.tolist(), pixels.mean(axis=0).tolist())
    return pixels @ folded[:, :3].T + folded[:, 3]


def test_random_operations_are_equally_likely_and_depend_on_key() -> None:
    drawn = random_operations(ON, (0, 0, 0, 0), 2000)
    assert {len(one) for one in drawn} == {2}
    counts = Counter(one.name for sample in drawn for one in sample)
    assert set(counts) == set(OPERATIONS)
    assert len(OPERATIONS) == 14
    # 4000 draws of 14 names: 286 ± 16
    assert all(230 < count < 345 for count in counts.values())
    assert random_operations(ON, (0, 0, 0, 0), 2000) == drawn
    for key in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
        assert random_operations(ON, key, 2000) != drawn


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("shear_x", 0.3),
        ("shear_y", 0.3),
        ("translate_x", 150 / 331),
        ("translate_y", 150 / 331),
        ("rotate", math.radians(30)),
    ],
)
def test_operation_moves_both_ways_in_proportion(name, largest) -> None:
    assert operation(name, 10.0, 1.0).value == pytest.approx(largest)
    assert operation(name, 5.0, -1.0).value == pytest.approx(-largest / 2)


def test_operation_ranges_of_colours() -> None:
    for name in ("color", "contrast", "brightness", "sharpness"):
        assert operation(name, 10.0, 1.0).value == pytest.approx(1.9)
        assert operation(name, 10.0, -1.0).value == pytest.approx(0.1)
    assert [operation("posterize", m, 1.0).value for m in (0, 5, 10)] == [8, 6, 4]
    assert [operation("solarize", m, 1.0).value for m in (0, 5, 10)] == [256, 128, 0]


def test_magnitude_zero_changes_nothing_but_histograms() -> None:
    for name in OPERATIONS:
        one = operation(name, 0.0, 1.0)
        moved = distortion([one], (30, 40))
        assert moved is None or moved == pytest.approx(np.eye(3))
        for step in color_steps(None, [one]):
            if step.matrix is not None:
                assert _apply(step.matrix, PIXELS) == pytest.approx(PIXELS)


def test_distortion_undoes_the_last_operation_first() -> None:
    shift, turn = Operation("translate_x", 0.25), Operation("rotate", math.pi / 2)
    matrix = distortion([shift, turn], (41, 41))
    assert matrix is not None
    # about (20, 20): a pixel 5 above it comes from 5 to its right, then a quarter further
    assert matrix @ (20, 15, 1) == pytest.approx([25 + 0.25 * 41, 20, 1])
    assert distortion([Operation("solarize", 0.0)], (41, 41)) is None


def test_distortion_shears_about_centre() -> None:
    matrix = distortion([Operation("shear_x", 0.5)], (41, 61))
    assert matrix is not None
    assert matrix @ (30, 20, 1) == pytest.approx([30, 20, 1])
    assert matrix @ (30, 30, 1) == pytest.approx([35, 30, 1])


def test_linear_matrices_are_those_of_pillow() -> None:
    luma = PIXELS @ (0.299, 0.587, 0.114)
    assert _apply(linear_matrix("brightness", 0.4), PIXELS) == pytest.approx(0.4 * PIXELS)
    assert _apply(linear_matrix("color", 0.4), PIXELS) == pytest.approx(
        0.4 * PIXELS + 0.6 * luma[:, None]
    )
    assert _apply(linear_matrix("contrast", 1.7), PIXELS) == pytest.approx(
        1.7 * PIXELS - 0.7 * luma.mean(), rel=1e-5
    )


def test_color_steps_fuse_neighbours_and_keep_the_order() -> None:
    base = linear_matrix("color", 0.8)
    given = [Operation("contrast", 1.5), Operation("equalize", 0.0), Operation("brightness", 0.5)]
    first, second, third = color_steps(base, given)
    assert (second.name, second.matrix) == ("equalize", None)
    assert first.matrix is not None
    assert third.matrix is not None
    expected = _apply(linear_matrix("contrast", 1.5), _apply(base, PIXELS))
    assert _apply(first.matrix, PIXELS) == pytest.approx(expected, rel=1e-5)
    assert _apply(third.matrix, PIXELS) == pytest.approx(PIXELS / 2)
    assert color_steps(None, [Operation("shear_x", 0.1)]) == []
