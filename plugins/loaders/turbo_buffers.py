"""Memory for batches, used again once nobody holds it: fresh pages cost a third of what decoding a batch costs."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

_HELD_BY_NOBODY = 2  # the list here, and the argument of getrefcount


class Buffers:
    """Hands out uint8 arrays of one shape. An array is handed out again only when nothing refers to it any more: no batch, no view
    of it, and no framework that shares its memory (they all hold the array). Of those in use, at most `kept` are remembered."""

    def __init__(self, shape: tuple[int, ...], kept: int) -> None:
        self._shape = shape
        self._kept = kept
        self._arrays: list[NDArray[np.uint8]] = []

    def take(self) -> NDArray[np.uint8]:
        """An array with arbitrary content."""
        for i in range(len(self._arrays)):
            if sys.getrefcount(self._arrays[i]) == _HELD_BY_NOBODY:
                return self._arrays[i]
        array = np.empty(self._shape, np.uint8)
        self._arrays = [*self._arrays, array][-self._kept :]
        return array
