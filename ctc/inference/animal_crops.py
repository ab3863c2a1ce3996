"""The animals that a detector finds, cut out of photos for a second network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.detection.detector import OpenDetector
from ctc.detection.opening import open_detector
from ctc.errors import UsageError
from ctc.images import to_model_input
from ctc.images.crop import square_around
from ctc.inference.task import Outputs, PhotoInfo
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.session import Model, ModelUse, open_model

PIXELS_PER_SIDE = 4
"""Photos are decoded to this many times the side of the second network's input, if they are as
large: an animal of a quarter of the photo then has as many pixels as the network takes."""
MARGIN = 0.1
"""Margin around a box for a model that learnt from whole photos; see `Preprocessing`."""
BATCH_SIZE = 16
"""Crops that a device gets at a time; a CPU, which isn't faster with several, gets one."""

Detections = Sequence[tuple[Detection, ...] | None]
"""Per input the boxes of its photo, None where the detector gave no numbers."""


@dataclass(frozen=True)
class TwoNetworks:
    """A detector and a model for its crops that are open, as the `Network` of a task."""

    detector: OpenDetector
    classifier: Model

    @property
    def runtime(self) -> RuntimeConfig:
        """How both are run; the provider is never `auto`."""
        return self.detector.runtime

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""
        return self.detector.is_on_device

    def interrupt(self) -> None:
        """Stop the batches that are in the networks at the moment."""
        self.detector.interrupt()
        self.classifier.interrupt()


def open_networks(
    classifier: ModelFile, detector: Path, runtime: RuntimeConfig, needs: ModelUse = "labels"
) -> TwoNetworks:
    """Open both files; raises CtcError, see `open_model` and `open_detector`."""
    opened = open_detector(read_model(detector), runtime)
    return TwoNetworks(opened, open_model(classifier, runtime, needs=needs))


def check_not_stacked(model: Model) -> None:
    """Raise UsageError for a model that takes the photos of an event as one image."""
    if model.info.preprocessing.is_stacked:
        raise UsageError(
            f"model '{model.path}' takes the photos of an event as one image: it can't be "
            "used with --detector"
        )


def kept_size(model: Model) -> tuple[int, int]:
    """Return the (height, width) of photos that is enough for the crops; see `PhotoModel`."""
    own = model.info.preprocessing
    return PIXELS_PER_SIDE * own.height, PIXELS_PER_SIDE * own.width


def is_cut_out(one: Detection) -> bool:
    """Return whether a detection is an animal, and not set aside."""
    return one.type == "animal" and not one.is_repeat


def cut_out(
    inputs: Sequence[Sequence[PhotoInfo]], found: Detections, preprocessing: Preprocessing
) -> Iterator[NDArray[np.uint8]]:
    """Yield the crops of all animals, uint8 (height, width, 3), in the order of the boxes."""
    for photos, detections in zip(inputs, found, strict=True):
        for one in detections or ():
            if is_cut_out(one) and photos and photos[0].pixels is not None:
                yield _crop(photos[0].pixels, one.box, preprocessing)


def whole_photos(
    inputs: Sequence[Sequence[PhotoInfo]], found: Detections, preprocessing: Preprocessing
) -> Iterator[NDArray[np.uint8]]:
    """Yield the photos that the detector gave numbers for, uint8 (height, width, 3), in order."""
    for photos, detections in zip(inputs, found, strict=True):
        if detections is not None and photos and photos[0].pixels is not None:
            yield to_model_input(photos[0].pixels, preprocessing)


def crop_margin(how: Preprocessing) -> float:
    """Return the margin around a box that the model's crops have."""
    return MARGIN if how.crop_margin is None else how.crop_margin


def _crop(pixels: NDArray[np.uint8], box: Box, how: Preprocessing) -> NDArray[np.uint8]:
    place = square_around(box, pixels.shape[0], pixels.shape[1], crop_margin(how))
    rows = slice(place.top, place.top + place.height)
    return to_model_input(pixels[rows, place.left : place.left + place.width], how)


def ask_in_batches(
    ask: Callable[[NDArray[np.uint8]], Outputs], crops: Iterator[NDArray[np.uint8]], on_device: bool
) -> Iterator[Outputs]:
    """Yield the outputs of `ask` for the crops, in batches of one size, the last without its fill.

    So the answer for a crop doesn't depend on the others that happen to be in its batch.
    """
    size, waiting = BATCH_SIZE if on_device else 1, list(crops)
    for at in range(0, len(waiting), size):
        part = waiting[at : at + size]
        fill = [np.zeros_like(part[0])] * (size - len(part))
        outputs = ask(np.stack([*part, *fill]))
        yield {name: values[: len(part)] for name, values in outputs.items()}
