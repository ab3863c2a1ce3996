"""Pooling of features: from feature maps or tokens of any shape to (N, size).

A tensor (N, size) is taken as it is. Of feature maps with four axes the mean over height and width
is taken: of the two axes of equal length; without such, the channels are on the longer of the axes
1 and 3, as feature maps have more channels than rows or columns. Of tokens (N, count, size) the
first is taken, the class token, where there is one more than a square number (or five more: a class
token and four registers, as in DINOv2, https://arxiv.org/abs/2309.16588), else the mean over all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError

Pooling = Literal["none", "maps-nchw", "maps-nhwc", "first-token", "mean-token"]

DESCRIBED: dict[Pooling, str] = {
    "none": "as they are",
    "maps-nchw": "the mean over height and width (N, channels, height, width)",
    "maps-nhwc": "the mean over height and width (N, height, width, channels)",
    "first-token": "the first token, that of the class",
    "mean-token": "the mean over all tokens",
}
_EXTRA_TOKENS = (1, 5)


def choose_pooling(name: str, shape: Sequence[int]) -> Pooling:
    """Return the pooling for a tensor of this shape, with its batch axis; raises InputError."""
    if len(shape) == 2:
        return "none"
    if len(shape) == 4:
        if (shape[2] == shape[3]) != (shape[1] == shape[2]):
            return "maps-nchw" if shape[2] == shape[3] else "maps-nhwc"
        return "maps-nchw" if shape[1] >= shape[3] else "maps-nhwc"
    if len(shape) == 3:
        grids = (shape[1] - extra for extra in _EXTRA_TOKENS)
        has_class_token = any(rest > 0 and math.isqrt(rest) ** 2 == rest for rest in grids)
        return "first-token" if has_class_token else "mean-token"
    raise InputError(
        f"the features '{name}' have {len(shape)} axes; those that ctc can pool have 2 to 4: "
        "choose another tensor by --features"
    )


def pool(values: NDArray[np.float32], pooling: Pooling) -> NDArray[np.float32]:
    """Return the features (N, size) of a batch."""
    if pooling == "maps-nchw":
        return np.asarray(values.mean(axis=(2, 3), dtype=np.float64), np.float32)
    if pooling == "maps-nhwc":
        return np.asarray(values.mean(axis=(1, 2), dtype=np.float64), np.float32)
    if pooling == "mean-token":
        return np.asarray(values.mean(axis=1, dtype=np.float64), np.float32)
    return values[:, 0] if pooling == "first-token" else values
