"""RandAugment and random erasing as TensorFlow operations; see `common/rand_augment.py`.

The numbers are drawn here, one sample at a time, with the same meaning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ctc.plugin import Augmentation

from ..common.augment import LUMA
from ..common.rand_augment import FACTOR, MAX_MAGNITUDE, OPERATIONS, SMOOTHING, operation
from ..common.random_erasing import AREA, ASPECT, ATTEMPTS

ERASING_DRAWS = 6 + 2 * ATTEMPTS


def draw_operations(augmentation: Augmentation, seed: Any) -> tuple[Any, Any]:
    """Return the numbers in OPERATIONS and the signs, −1 or 1, of one sample, (N,) each.

    `seed`: int64 (2,).
    """
    import tensorflow as tf

    key = tf.bitwise.bitwise_xor(seed, tf.constant([0x5241, 0], tf.int64))
    draws = tf.random.stateless_uniform([augmentation.randaugment, 2], key)
    numbers = tf.cast(draws[:, 0] * len(OPERATIONS), tf.int32)
    return numbers, tf.where(draws[:, 1] < 0.5, -1.0, 1.0)


def distortion(augmentation: Augmentation, numbers: Any, signs: Any, size: tuple[int, int]) -> Any:
    """Return the (3, 3) matrix of the geometric operations, as `common.rand_augment.distortion`."""
    import tensorflow as tf

    matrix = tf.eye(3)
    for place in range(augmentation.randaugment):
        matrix = matrix @ _geometric(augmentation, numbers[place], signs[place], size)
    centre = ((size[1] - 1) / 2.0, (size[0] - 1) / 2.0)
    there = tf.constant([[1.0, 0.0, centre[0]], [0.0, 1.0, centre[1]], [0.0, 0.0, 1.0]])
    back = tf.constant([[1.0, 0.0, -centre[0]], [0.0, 1.0, -centre[1]], [0.0, 0.0, 1.0]])
    return there @ matrix @ back


def _geometric(augmentation: Augmentation, number: Any, sign: Any, size: tuple[int, int]) -> Any:
    """Return the (3, 3) matrix of an operation about the centre; the identity of all others."""
    import tensorflow as tf

    def value(name: str) -> Any:
        largest = operation(name, augmentation.randaugment_magnitude, 1.0).value
        return tf.where(number == OPERATIONS.index(name), sign * largest, 0.0)

    angle = value("rotate")
    cosine, sine = tf.cos(angle), tf.sin(angle)
    rows = [
        [cosine, value("shear_x") - sine, value("translate_x") * size[1]],
        [value("shear_y") + sine, cosine, value("translate_y") * size[0]],
        [tf.constant(0.0), tf.constant(0.0), tf.constant(1.0)],
    ]
    return tf.stack([tf.stack(row) for row in rows])


def change_colors(image: Any, augmentation: Augmentation, numbers: Any, signs: Any) -> Any:
    """Apply the operations that change colours to a float image (height, width, 3) in 0–255."""
    import tensorflow as tf

    for place in range(augmentation.randaugment):
        changes = _changes(image, augmentation, signs[place])
        branches = [changes.get(name, lambda image=image: image) for name in OPERATIONS]
        image = tf.switch_case(numbers[place], branches)
    return image


def _changes(image: Any, augmentation: Augmentation, sign: Any) -> dict[str, Any]:
    """Return what makes the image of each operation that changes colours."""
    import tensorflow as tf

    magnitude = augmentation.randaugment_magnitude
    factor = 1.0 + sign * FACTOR * magnitude / MAX_MAGNITUDE
    bits = operation("posterize", magnitude, 1.0).value
    threshold = operation("solarize", magnitude, 1.0).value

    def blend(other: Any) -> Any:
        return factor * image + (1.0 - factor) * other

    def luma() -> Any:
        return tf.reduce_sum(image * tf.constant(LUMA, tf.float32), axis=-1, keepdims=True)

    def levels() -> Any:
        return tf.clip_by_value(tf.floor(image + 0.5), 0.0, 255.0)

    def smoothed() -> Any:
        kernel = tf.constant(np.repeat(SMOOTHING[:, :, None, None], 3, axis=2))
        padded = tf.pad(image, [[1, 1], [1, 1], [0, 0]], "REFLECT")[tf.newaxis]
        return tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")[0]

    step = 2.0 ** (8 - bits)
    return {
        "color": lambda: tf.clip_by_value(blend(luma()), 0.0, 255.0),
        "contrast": lambda: tf.clip_by_value(blend(tf.reduce_mean(luma())), 0.0, 255.0),
        "brightness": lambda: tf.clip_by_value(factor * image, 0.0, 255.0),
        "sharpness": lambda: tf.clip_by_value(blend(smoothed()), 0.0, 255.0),
        "posterize": lambda: tf.floor(levels() / step) * step,
        "solarize": lambda: tf.where(levels() >= threshold, 255.0 - levels(), levels()),
        "autocontrast": lambda: _autocontrast(levels()),
        "equalize": lambda: _equalize(levels()),
    }


def _autocontrast(image: Any) -> Any:
    """Stretch each channel to 0–255; a uniform one is kept."""
    import tensorflow as tf

    low = tf.reduce_min(image, axis=[0, 1], keepdims=True)
    high = tf.reduce_max(image, axis=[0, 1], keepdims=True)
    stretched = (image - low) * 255.0 / tf.maximum(high - low, 1.0)
    return tf.where(high > low, stretched, image)


def _equalize(image: Any) -> Any:
    """Equalize the histogram of each channel, as OpenCV does; a uniform one is kept."""
    import tensorflow as tf

    def channel(values: Any) -> Any:
        levels = tf.cast(values, tf.int32)
        counts = tf.math.bincount(tf.reshape(levels, [-1]), minlength=256, maxlength=256)
        sums = tf.cumsum(counts)
        first = tf.gather(counts, tf.reduce_min(levels))
        rest = tf.cast(tf.size(levels) - first, tf.float32)
        table = tf.cast(sums - first, tf.float32) * 255.0 / tf.maximum(rest, 1.0)
        return tf.where(rest > 0.0, tf.gather(tf.floor(table + 0.5), levels), values)

    return tf.stack([channel(image[..., number]) for number in range(3)], axis=-1)


def erase(image: Any, probability: float, seed: Any) -> Any:
    """Fill a box of a float image (height, width, 3) in 0–255 with one colour, by chance."""
    import tensorflow as tf

    height, width = image.shape[:2]
    key = tf.bitwise.bitwise_xor(seed, tf.constant([0x5245, 0], tf.int64))
    draws = tf.random.stateless_uniform([ERASING_DRAWS], key)
    area = height * width * _lerp(draws[6 : 6 + ATTEMPTS], *AREA)
    aspect = _lerp(draws[6 + ATTEMPTS :], *ASPECT)
    heights = tf.maximum(1.0, tf.round(tf.sqrt(area * aspect)))
    widths = tf.maximum(1.0, tf.round(tf.sqrt(area / aspect)))
    fits = tf.logical_and(heights < height, widths < width)
    chosen = tf.argmax(tf.cast(fits, tf.int32))
    tall, wide = heights[chosen], widths[chosen]
    top, left = tf.floor(draws[1] * (height - tall + 1)), tf.floor(draws[2] * (width - wide + 1))
    y, x = tf.range(height, dtype=tf.float32), tf.range(width, dtype=tf.float32)
    rows = tf.logical_and(y >= top, y < top + tall)
    columns = tf.logical_and(x >= left, x < left + wide)
    wanted = tf.logical_and(draws[0] < probability, fits[chosen])
    inside = tf.logical_and(rows[:, tf.newaxis], columns[tf.newaxis, :])[..., tf.newaxis]
    color = tf.floor(draws[3:6] * 256.0)
    return tf.where(tf.logical_and(inside, wanted), color, image)


def _lerp(draws: Any, low: float, high: float) -> Any:
    return low + draws * (high - low)
