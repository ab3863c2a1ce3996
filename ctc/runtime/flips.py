"""Test-time flips: the mean of what a network says of an image and of its mirror image."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Outputs = Mapping[str, NDArray[np.float32]]


def mean_with_mirrored(run: Callable[[Pixels], Outputs], images: Pixels) -> Outputs:
    """Return the mean of the outputs of `run` for the images and for their mirror images.

    `images`: uint8 (N, height, width, 3), mirrored left to right. It costs two runs.
    """
    own, mirrored = run(images), run(np.ascontiguousarray(images[:, :, ::-1]))
    return {name: (values + mirrored[name]) / np.float32(2) for name, values in own.items()}
