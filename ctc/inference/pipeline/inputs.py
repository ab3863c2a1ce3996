"""What the network is shown: one photo, or the photos of an event stacked as grey channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import Failure
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import as_input, decode, gray_stack, read_photo, scale_needed
from ctc.images.crop import Box, cropped
from ctc.images.decode import Scratch
from ctc.images.exif import Exif, exif_of
from ctc.inference.events.event import Event

Truncated = Literal["fail", "use"]
Source = tuple[str, Callable[[], bytes]]
"""A photo's path, and how its bytes are had: raises ImageError with the reason when they can't be."""
STACKED = 3
_SCRATCH = Scratch()


class Piece(NamedTuple):
    """The photos of one network input; `last` of its event. `coming`: what gives each photo's bytes, where they were asked for ahead.
    `boxes`: of each photo, or none at all."""

    event: Event
    paths: tuple[str, ...]
    last: bool
    coming: tuple[Callable[[], bytes], ...] = ()
    boxes: tuple[Box | None, ...] = ()

    def fill(self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: Truncated) -> Filled:
        """See `fill`; without photos the event itself is the failure."""
        if not self.paths:
            slot[...] = 0
            return Filled((), (Failure(self.event.id, "the event names no photo", of_event=True),))
        reads = self.coming or [partial(read_photo, path) for path in self.paths]
        return fill(list(zip(self.paths, reads, strict=True)), slot, preprocessing, truncated, self.boxes)


class Photo(NamedTuple):
    """A photo that an input answers for. `exif` is empty where stacking didn't need to read it."""

    path: str
    exif: Exif


class Filled(NamedTuple):
    """`photos`: those that the input answers for, none when it is blank."""

    photos: tuple[Photo, ...]
    failures: tuple[Failure, ...]


def pieces(events: Iterable[Event], stacked: bool) -> Iterator[Piece]:
    """Each photo on its own, or each event's photos together; an event without photos is one piece as well."""
    for event in events:
        if stacked or not event.images:
            yield Piece(event, event.images, True, boxes=event.boxes)
            continue
        for at, path in enumerate(event.images):
            yield Piece(event, (path,), at + 1 == len(event.images), boxes=event.boxes[at : at + 1])


def fill(
    sources: Sequence[Source],
    slot: NDArray[np.uint8],
    preprocessing: Preprocessing,
    truncated: Truncated,
    boxes: Sequence[Box | None] = (),
) -> Filled:
    """Read, decode and resize into `slot`, uint8 (height, width, 3), which is blanked when no photo is good. A model that learnt from crops
    is shown crops, of photos with a box.

    Stacked, the first three good photos are shown, and the answer holds for all photos that did not fail.
    """
    scratch = _SCRATCH if len(sources) == 1 else None  # of several photos, one would overwrite the other
    shown: list[NDArray[np.uint8]] = []
    photos: list[Photo] = []
    failures: list[Failure] = []
    for (path, read), box in zip_longest(sources, boxes):
        if len(shown) == STACKED:
            photos.append(Photo(path, Exif()))
            continue
        try:
            data = read()
            pixels = _pixels(data, box, preprocessing, truncated, scratch)
            shown.append(as_input(pixels, preprocessing))
            photos.append(Photo(path, exif_of(data)))
        except (ImageError, MemoryError, cv2.error) as error:
            failures.append(Failure(path, " ".join(str(error).split()) or type(error).__name__))
    slot[...] = 0 if not shown else gray_stack(shown) if preprocessing.stacked else shown[0]
    return Filled(tuple(photos), tuple(failures))


def _pixels(
    data: bytes, box: Box | None, preprocessing: Preprocessing, truncated: Truncated, scratch: Scratch | None
) -> NDArray[np.uint8]:
    height, width = scale_needed(preprocessing)
    if box is None or preprocessing.crop_margin is None:
        return decode(data, (height, width), truncated, scratch)
    return cropped(data, box, preprocessing.crop_margin, max(height, width), truncated, scratch)
