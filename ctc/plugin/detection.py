"""The record of detectors: what a detection network puts out, as boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.plugin.option import Option

DetectorResize = Literal["letterbox", "stretch"]


class OutputShape(NamedTuple):
    """An output of a network: its name, and its shape with None for a size that varies."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class RawBoxes:
    """The boxes that a network found in one image, K of them, before overlaps are removed.

    `corners`: float32 (K, 4), left, top, right and bottom in pixels of the network's input.
    `scores`: float32 (K,), 0–1. `categories`: int64 (K,), positions in the list of categories.
    """

    corners: NDArray[np.float32]
    scores: NDArray[np.float32]
    categories: NDArray[np.int64]


@dataclass(frozen=True)
class Detector:
    """A layout of a detection network's outputs: `ctc detect`, `ctc import --detector NAME`.

    `expects`: the outputs in words, for messages. `recognizes(outputs, categories)` takes a
    sequence of `OutputShape` and the number of categories (None if it is not known), and returns
    whether the outputs can have this layout. `decode(outputs, size, min_score)` takes the outputs
    of a batch of N images by name, the (height, width) of the input and the lowest score that is
    asked for, and returns N `RawBoxes`; boxes of lower scores may be left out, and rows that are
    not numbers are. `has_overlaps`: whether one animal may have several boxes, so that non-maximum
    suppression is needed. `resize`: how photos become the input of such networks, unless their
    file says otherwise.
    """

    name: str
    summary: str
    expects: str
    recognizes: Callable[[Sequence[OutputShape], int | None], bool]
    decode: Callable[
        [Mapping[str, NDArray[np.float32]], tuple[int, int], float], Sequence[RawBoxes]
    ]
    has_overlaps: bool = True
    resize: DetectorResize = "letterbox"

    @property
    def options(self) -> tuple[Option, ...]:
        """None: what a layout needs to know is in the file of the network."""
        return ()
