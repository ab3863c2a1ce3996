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
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Failure, Meta
from ctc.errors import ImageError
from ctc.images import (
    decode,
    gray_stack,
    min_decode_size,
    oriented_size,
    read_photo,
    to_model_input,
)
from ctc.images.crop import crop_to_box
from ctc.images.decode import DecodeBuffer
from ctc.images.metadata.exif import parse_exif
from ctc.images.metadata.photo_header import PhotoHeader, read_photo_header
from ctc.images.resize import letterbox_box
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event, PhotoData
from ctc.inference.gpu_decode.decoder import EncodedPhoto, GpuDecoder
from ctc.inference.task import PhotoInfo

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
    reads photos that were not prefetched. `metas`: the values of each photo's row, or empty.
    `decoder`: decodes the photos that it accepts with their batch; None: the CPU decodes all.
    """

    event: Event
    paths: tuple[str, ...]
    is_last: bool
    pending: tuple[Callable[[], PhotoData], ...] = ()
    boxes: tuple[Box | None, ...] = ()
    read: ReadPhoto = read_photo
    metas: tuple[Meta, ...] = ()
    decoder: GpuDecoder | None = None

    def fill(
        self,
        slot: NDArray[np.uint8],
        preprocessing: Preprocessing,
        truncated: TruncatedPolicy,
        kept_size: tuple[int, int] | None = None,
    ) -> DecodeResult:
        """Fill `slot`, see `decode_into_slot`; without photos the event itself is the failure."""
        if not self.paths:
            slot[...] = 0
            missing = Failure(
                self.event.id, "the event names no photo", of_event=True, meta=self.event.meta
            )
            return DecodeResult((), (missing,))
        reads: Sequence[Callable[[], PhotoData]] = self.pending or [
            partial(self.read, path) for path in self.paths
        ]
        sources = list(zip(self.paths, reads, strict=True))
        return decode_into_slot(
            *(sources, slot, preprocessing, truncated),
            *(self.boxes, self.metas, self.decoder, kept_size),
        )


class DecodeResult(NamedTuple):
    """The photos that an input stands for, none if it is blank, and those that failed.

    `encoded`: the one photo, if it is decoded with its batch; its slot is not filled then.
    """

    photos: tuple[PhotoInfo, ...]
    failures: tuple[Failure, ...]
    encoded: EncodedPhoto | None = None


def model_inputs(
    events: Iterable[Event],
    stacked: bool,
    read: ReadPhoto = read_photo,
    decoder: GpuDecoder | None = None,
) -> Iterator[ModelInput]:
    """Yield one input per photo, or one per event if `stacked` or if it has no photos."""
    for event in events:
        if stacked or not event.images:
            yield ModelInput(
                event, event.images, True, _pending(event, read), event.boxes, read, event.metas
            )
            continue
        pending, metas = _pending(event, read), event.metas
        for at, path in enumerate(event.images):
            is_last, here = at + 1 == len(event.images), slice(at, at + 1)
            yield ModelInput(
                event,
                (path,),
                is_last,
                pending[here],
                event.boxes[here],
                read,
                metas[here],
                decoder,
            )


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
    metas: Sequence[Meta] = (),
    decoder: GpuDecoder | None = None,
    kept_size: tuple[int, int] | None = None,
) -> DecodeResult:
    """Read, decode and resize photos into `slot`, uint8 (height, width, 3).

    Without a good photo the slot is filled with zeros. A model that was trained on crops gets
    crops, of photos with a box. Stacked, the first three good photos are used, and the prediction
    is for all photos that did not fail. `decoder`: of an input with one photo; what it accepts is
    returned in place of being decoded. `kept_size`: see `PhotoModel`; whole photos are shown then.
    """
    # several photos would overwrite each other, and one that is kept would be overwritten
    buffer = _DECODE_BUFFER if len(sources) == 1 and kept_size is None else None
    shown: list[NDArray[np.uint8]] = []
    photos: list[PhotoInfo] = []
    failures: list[Failure] = []
    for (path, read), box, meta in zip_longest(sources, boxes, metas):
        if len(shown) == STACK_SIZE:
            photos.append(PhotoInfo(path, box=box, meta=meta))
            continue
        try:
            data = read()
            header = read_photo_header(data) if isinstance(data, bytes) else None
            if decoder and (encoded := _accept(decoder, data, header, box, preprocessing)):
                region = encoded.geometry.region
                photo = PhotoInfo(path, *_exif_and_size(data, header), box, meta, region)
                return DecodeResult((photo,), (), encoded)
            pixels = _decode_photo(data, header, box, preprocessing, truncated, buffer, kept_size)
            shown.append(to_model_input(pixels, preprocessing))
            region = _region(pixels, preprocessing)
            kept = None if kept_size is None else pixels
            photos.append(PhotoInfo(path, *_exif_and_size(data, header), box, meta, region, kept))
        except (ImageError, MemoryError, cv2.error) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            failures.append(Failure(path, why, meta=meta or {}))
    slot[...] = 0 if not shown else gray_stack(shown) if preprocessing.is_stacked else shown[0]
    return DecodeResult(tuple(photos), tuple(failures))


def decode_encoded(
    result: DecodeResult,
    slot: NDArray[np.uint8],
    preprocessing: Preprocessing,
    truncated: TruncatedPolicy,
) -> DecodeResult:
    """Decode the one photo of a result with `encoded` into `slot`, as `decode_into_slot` does."""
    assert result.encoded is not None
    (photo,), jpeg = result.photos, result.encoded.jpeg
    source = photo.path, lambda: jpeg
    return decode_into_slot(
        [source], slot, preprocessing, truncated, [photo.box], [photo.meta or {}]
    )


def _accept(
    decoder: GpuDecoder,
    data: PhotoData,
    header: PhotoHeader | None,
    box: Box | None,
    preprocessing: Preprocessing,
) -> EncodedPhoto | None:
    """Return the photo for the decoder, which shows no crops; None if the CPU has to decode it."""
    is_crop = box is not None and preprocessing.crop_margin is not None
    return None if is_crop or not isinstance(data, bytes) else decoder.accept(data, header)


def _exif_and_size(
    data: PhotoData, header: PhotoHeader | None
) -> tuple[str | None, str | None, float | None, float | None, tuple[int, int]]:
    """Return time, camera, latitude, longitude and upright (height, width); see `PhotoInfo`."""
    if not isinstance(data, bytes):
        return None, None, None, None, (data.shape[0], data.shape[1])
    height, width, _ = oriented_size(data, header)
    exif = parse_exif(data, header)
    make, model = exif.make or "", exif.model or ""
    camera = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    taken = exif.taken.isoformat() if exif.taken else None
    return taken, camera or None, exif.latitude, exif.longitude, (height, width)


def _region(
    pixels: NDArray[np.uint8], preprocessing: Preprocessing
) -> tuple[int, int, int, int] | None:
    """Return where a letterboxed photo is in the input; see `PhotoInfo`."""
    if preprocessing.resize != "letterbox":
        return None
    height, width = pixels.shape[:2]
    return letterbox_box(height, width, preprocessing.height, preprocessing.width)


def _decode_photo(
    data: PhotoData,
    header: PhotoHeader | None,
    box: Box | None,
    preprocessing: Preprocessing,
    truncated: TruncatedPolicy,
    buffer: DecodeBuffer | None,
    kept_size: tuple[int, int] | None,
) -> NDArray[np.uint8]:
    if not isinstance(data, bytes):
        return data
    height, width = min_decode_size(preprocessing)
    if kept_size is not None:
        size = max(height, kept_size[0]), max(width, kept_size[1])
        return decode(data, size, truncated, buffer, header)
    margin = preprocessing.crop_margin
    if box is None or margin is None:
        return decode(data, (height, width), truncated, buffer, header)
    return crop_to_box(data, box, margin, max(height, width), truncated, buffer, header)
