"""Colour augmentation as TensorFlow operations, as in camera-trap-classifier 2.x.

Saturation and hue are those of HSV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..common.augment import (
    BRIGHTNESS,
    CHROMA,
    CHROMA_TO_RGB,
    COLOR_ORDERS,
    CONTRAST,
    HUE,
    SATURATION,
)


def recolor(image: Any, mode: str, draws: Any) -> Any:
    """Vary the colours of a float image (height, width, 3) in 0–1; the result is within 0–1.

    `draws` are COLOR_DRAWS uniform random numbers in 0–1.
    """
    import tensorflow as tf

    if mode == "none":
        return image
    changed = (
        _shift_channels(image, draws)
        if mode == "full_fast"
        else _adjust_in_random_order(image, mode, draws)
    )
    return tf.clip_by_value(changed, 0.0, 1.0)


def _shift_channels(image: Any, draws: Any) -> Any:
    """Shift brightness by ±0.2 and both chroma channels (YCbCr, BT.601) by ±0.05.

    This adds one offset to each RGB channel.
    """
    import tensorflow as tf

    chroma = _lerp(draws[1:3], -CHROMA, CHROMA)
    return (
        image + _lerp(draws[0], -BRIGHTNESS, BRIGHTNESS) + tf.linalg.matvec(CHROMA_TO_RGB, chroma)
    )


def _adjust_in_random_order(image: Any, mode: str, draws: Any) -> Any:
    """Adjust brightness by ±0.2 and saturation by 0.8–1.2, in one of four orders.

    With `full_randomized` also hue by ±0.05 and contrast by 0.9–1.3.
    """
    import tensorflow as tf

    changes: dict[str, Callable[[Any], Any]] = {
        "brightness": lambda x: tf.image.adjust_brightness(
            x, _lerp(draws[0], -BRIGHTNESS, BRIGHTNESS)
        ),
        "saturation": lambda x: tf.image.adjust_saturation(x, _lerp(draws[1], *SATURATION)),
    }
    if mode == "full_randomized":
        changes["hue"] = lambda x: tf.image.adjust_hue(x, _lerp(draws[2], -HUE, HUE))
        changes["contrast"] = lambda x: tf.image.adjust_contrast(x, _lerp(draws[3], *CONTRAST))
    order = tf.cast(draws[4] * len(COLOR_ORDERS), tf.int32)
    return tf.switch_case(order, [_chain(image, changes, names) for names in COLOR_ORDERS])


def _chain(
    image: Any, changes: dict[str, Callable[[Any], Any]], names: tuple[str, ...]
) -> Callable[[], Any]:
    def apply() -> Any:
        changed = image
        for name in names:
            if name in changes:
                changed = changes[name](changed)
        return changed

    return apply


def _lerp(draw: Any, low: float, high: float) -> Any:
    return low + draw * (high - low)
