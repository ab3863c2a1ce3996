"""RandAugment in TensorFlow operations, beside OpenCV's."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import tensorflow as tf

from ctc.plugin import NO_AUGMENTATION
from ctc_plugins.loaders.common.apply_colors import apply_color_steps
from ctc_plugins.loaders.common.rand_augment import OPERATIONS, color_steps, distortion, operation
from ctc_plugins.loaders.tfdata import rand_augment

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

COARSE = np.random.default_rng(0).integers(20, 220, (9, 11, 3), np.uint8)
PHOTO = cv2.resize(COARSE, (60, 48))
SIZE = (48, 60)
MAGNITUDE = 8.0
ONE = replace(NO_AUGMENTATION, randaugment=1, randaugment_magnitude=MAGNITUDE)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_operations_are_those_of_the_other_loaders(sign) -> None:
    for number, name in enumerate(OPERATIONS):
        one = operation(name, MAGNITUDE, sign)
        expected = np.empty_like(PHOTO)
        apply_color_steps(PHOTO.copy(), color_steps(None, [one]), expected)
        changed = rand_augment.change_colors(
            tf.constant(PHOTO, tf.float32), ONE, tf.constant([number]), tf.constant([sign])
        )
        actual = np.floor(np.clip(changed, 0, 255) + 0.5)
        assert np.abs(actual - expected).max() <= 1, name
        moved = distortion([one], SIZE)
        matrix = rand_augment.distortion(ONE, [number], [sign], SIZE)
        np.testing.assert_allclose(matrix, np.eye(3) if moved is None else moved, atol=1e-4)


def test_distortions_follow_each_other_as_in_the_other_loaders() -> None:
    first, last = OPERATIONS.index("shear_x"), OPERATIONS.index("rotate")
    expected = distortion(
        [operation("shear_x", MAGNITUDE, 1.0), operation("rotate", MAGNITUDE, -1.0)], SIZE
    )
    both = replace(ONE, randaugment=2)
    matrix = rand_augment.distortion(both, [first, last], [1.0, -1.0], SIZE)
    np.testing.assert_allclose(matrix, expected, atol=1e-4)


def test_draw_operations_covers_all_and_depends_on_seed() -> None:
    drawn = [
        tuple(np.asarray(rand_augment.draw_operations(ONE, np.array([3, row]))[0]).tolist())
        for row in range(200)
    ]
    assert {number for (number,) in drawn} == set(range(len(OPERATIONS)))
