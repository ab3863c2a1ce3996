"""Colour augmentation as TensorFlow operations, with the seed's magnitudes (camera-trap-classifier 2.x, data/image.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DRAWS = 5
_ORDERS = (
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)


def recolor(image: Any, mode: str, draws: Any) -> Any:
    """Vary a float image (height, width, 3) in 0–1; `draws`: DRAWS uniform numbers in 0–1. The result is within 0–1."""
    import tensorflow as tf

    if mode == "none":
        return image
    changed = _shifted(image, draws) if mode == "full_fast" else _in_random_order(image, mode, draws)
    return tf.clip_by_value(changed, 0.0, 1.0)


def _shifted(image: Any, draws: Any) -> Any:
    """Brightness ±0.2 and the two chroma channels (YCbCr, BT.601) ±0.05: one offset per channel."""
    import tensorflow as tf

    brightness, blue, red = (
        _between(draws[0], -0.2, 0.2),
        _between(draws[1], -0.05, 0.05),
        _between(draws[2], -0.05, 0.05),
    )
    offsets = [1.402 * red, -0.344136 * blue - 0.714136 * red, 1.772 * blue]
    return image + brightness + tf.stack(offsets)


def _in_random_order(image: Any, mode: str, draws: Any) -> Any:
    """Brightness ±0.2, saturation 0.8–1.2; with `full_randomized` also hue ±0.05 and contrast 0.9–1.3; in one of four orders."""
    import tensorflow as tf

    changes: dict[str, Callable[[Any], Any]] = {
        "brightness": lambda x: tf.image.adjust_brightness(x, _between(draws[0], -0.2, 0.2)),
        "saturation": lambda x: tf.image.adjust_saturation(x, _between(draws[1], 0.8, 1.2)),
    }
    if mode == "full_randomized":
        changes["hue"] = lambda x: tf.image.adjust_hue(x, _between(draws[2], -0.05, 0.05))
        changes["contrast"] = lambda x: tf.image.adjust_contrast(x, _between(draws[3], 0.9, 1.3))
    order = tf.cast(draws[4] * len(_ORDERS), tf.int32)
    return tf.switch_case(order, [_chain(image, changes, names) for names in _ORDERS])


def _chain(image: Any, changes: dict[str, Callable[[Any], Any]], names: tuple[str, ...]) -> Callable[[], Any]:
    def apply() -> Any:
        changed = image
        for name in names:
            if name in changes:
                changed = changes[name](changed)
        return changed

    return apply


def _between(draw: Any, low: float, high: float) -> Any:
    return low + draw * (high - low)
