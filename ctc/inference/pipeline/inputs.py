"""Network inputs: one photo, or the photos of an event stacked as grey channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import Failure
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import decode, gray_stack, min_decode_size, read_photo, to_model_input
from ctc.images.crop import crop_to_box
from ctc.images.decode import DecodeBuffer
from ctc.images.exif import Exif, parse_exif
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event, PhotoData

ReadPhoto = Callable[[str], bytes]
"""A function that returns the bytes of a photo, or raises ImageError with the reason."""
PhotoReader = tuple[str, Callable[[], PhotoData]]
"""A photo's path and a function that returns its bytes, or raises ImageError with the reason.

A photo that is in memory as pixels is returned as it is.
"""
STACK_SIZE = 3
_DECODE_BUFFER = DecodeBuffer()


class ModelInput(NamedTuple):
    """The photos of one network input.

    `is_last`: whether it is the last of its event. `pending`: for each photo a function that
    returns it, if it is in memory or was prefetched. `boxes`: one per photo, or empty. `read`:
    reads photos that were not prefetched.
    """

    event: Event
    paths: tuple[str, ...]
    is_last: bool
    pending: tuple[Callable[[], PhotoData], ...] = ()
    boxes: tuple[Box | None, ...] = ()
    read: ReadPhoto = read_photo

    def fill(
        self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: TruncatedPolicy
    ) -> DecodeResult:
        """Fill `slot`, see `decode_into_slot`; without photos the event itself is the failure."""
        if not self.paths:
            slot[...] = 0
            return DecodeResult(
                (), (Failure(self.event.id, "the event names no photo", of_event=True),)
            )
        reads = self.pending or [partial(self.read, path) for path in self.paths]
        return decode_into_slot(
            list(zip(self.paths, reads, strict=True)), slot, preprocessing, truncated, self.boxes
        )


class PhotoInfo(NamedTuple):
    """A photo that an input stands for; `exif` is empty if stacking didn't need the photo."""

    path: str
    exif: Exif


class DecodeResult(NamedTuple):
    """The photos that an input stands for, none if it is blank, and those that failed."""

    photos: tuple[PhotoInfo, ...]
    failures: tuple[Failure, ...]


def model_inputs(
    events: Iterable[Event], stacked: bool, read: ReadPhoto = read_photo
) -> Iterator[ModelInput]:
    """Yield one input per photo, or one per event if `stacked` or if it has no photos."""
    for event in events:
        if stacked or not event.images:
            yield ModelInput(event, event.images, True, _pending(event, read), event.boxes, read)
            continue
        pending = _pending(event, read)
        for at, path in enumerate(event.images):
            is_last, here = at + 1 == len(event.images), slice(at, at + 1)
            yield ModelInput(event, (path,), is_last, pending[here], event.boxes[here], read)


def _pending(event: Event, read: ReadPhoto) -> tuple[Callable[[], PhotoData], ...]:
    """Return the functions that return the event's photos, if it has any in memory."""
    return tuple(
        partial(read, path) if photo is None else partial(_check_not_empty, photo)
        for path, photo in zip(event.images, event.in_memory, strict=False)
    )


def _check_not_empty(photo: PhotoData) -> PhotoData:
    if not len(photo):
        raise ImageError("empty file")
    return photo


def decode_into_slot(
    sources: Sequence[PhotoReader],
    slot: NDArray[np.uint8],
    preprocessing: Preprocessing,
    truncated: TruncatedPolicy,
    boxes: Sequence[Box | None] = (),
) -> DecodeResult:
    """Read, decode and resize photos into `slot`, uint8 (height, width, 3).

    Without a good photo the slot is filled with zeros. A model that was trained on crops gets
    crops, of photos with a box. Stacked, the first three good photos are used, and the prediction
    is for all photos that did not fail.
    """
    # with several photos, one would overwrite the other
    buffer = _DECODE_BUFFER if len(sources) == 1 else None
    shown: list[NDArray[np.uint8]] = []
    photos: list[PhotoInfo] = []
    failures: list[Failure] = []
    for (path, read), box in zip_longest(sources, boxes):
        if len(shown) == STACK_SIZE:
            photos.append(PhotoInfo(path, Exif()))
            continue
        try:
            data = read()
            pixels = _decode_photo(data, box, preprocessing, truncated, buffer)
            shown.append(to_model_input(pixels, preprocessing))
            photos.append(PhotoInfo(path, parse_exif(data) if isinstance(data, bytes) else Exif()))
        except (ImageError, MemoryError, cv2.error) as error:
            failures.append(Failure(path, " ".join(str(error).split()) or type(error).__name__))
    slot[...] = 0 if not shown else gray_stack(shown) if preprocessing.is_stacked else shown[0]
    return DecodeResult(tuple(photos), tuple(failures))


def _decode_photo(
    data: PhotoData,
    box: Box | None,
    preprocessing: Preprocessing,
    truncated: TruncatedPolicy,
    buffer: DecodeBuffer | None,
) -> NDArray[np.uint8]:
    if not isinstance(data, bytes):
        return data
    height, width = min_decode_size(preprocessing)
    if box is None or preprocessing.crop_margin is None:
        return decode(data, (height, width), truncated, buffer)
    return crop_to_box(data, box, preprocessing.crop_margin, max(height, width), truncated, buffer)
