"""Encode the photos of an event into one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.predictions import Failure
from ctc.errors import ImageError
from ctc.images import DecodeBuffer, encode_jpeg, oriented_size, read_photo, shrink
from ctc.images.crop import crop_to_box
from ctc.images.decode import decode_and_repair
from ctc.images.jpeg_header import read_header
from ctc.storage.paths import join_path
from ctc.storage.urls import redact_urls

Pixels = NDArray[np.uint8]

_DECODE_BUFFER = DecodeBuffer()
_SUMS_BUFFER = DecodeBuffer()


@dataclass(frozen=True)
class StorageFormat:
    """Size and quality of stored photos.

    `smallest_side`: in pixels. `quality`: of the JPEGs, 1–100. `crop_margin`: cut out the square
    around the box, with this margin (a share of the box's longer side); None keeps the whole photo.
    """

    smallest_side: int
    quality: int
    crop_margin: float | None = None


@dataclass(frozen=True)
class EventPlan:
    """An event whose photos have not been read yet.

    `labels`: per label the class number of each observation. `boxes`: one per photo, None where
    there is none.
    """

    event_id: str
    images: tuple[str, ...]
    boxes: tuple[Box | None, ...]
    labels: dict[str, tuple[int, ...]]
    meta: dict[str, object]


@dataclass(frozen=True)
class ChannelSums:
    """Number of pixels, and per channel R, G, B their sum and sum of squares, scaled to 0–1."""

    pixels: int
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __add__(self, other: ChannelSums) -> ChannelSums:
        return ChannelSums(
            self.pixels + other.pixels, self.total + other.total, self.squares + other.squares
        )


ZERO_SUMS = ChannelSums(0, np.zeros(3), np.zeros(3))


@dataclass(frozen=True)
class EncodedEvent:
    """The record of an event, with its channel sums, failed photos and number of bytes read.

    `record` is None if no photo of the event can be used.
    """

    record: EventRecord | None
    sums: ChannelSums
    failures: tuple[Failure, ...]
    bytes_read: int


def encode_event(
    plan: EventPlan,
    image_root: Path,
    storage_format: StorageFormat,
    read: Callable[[str], bytes] = read_photo,
) -> EncodedEvent:
    """Read with `read`, orient, crop, shrink and encode the event's photos.

    Photos that can't be used are failures; there is a record as long as one photo is left.
    """
    jpegs, sizes, paths, failures, sums, bytes_read = [], [], [], [], ZERO_SUMS, 0
    for path, box in zip(plan.images, plan.boxes, strict=True):
        try:
            data = read(join_path(image_root, path))
            bytes_read += len(data)
            jpeg, pixels = _encode_photo(data, box, storage_format)
        except ImageError as error:
            failures.append(Failure(path, str(error)))
            continue
        jpegs.append(jpeg)
        sizes.append((pixels.shape[0], pixels.shape[1]))
        paths.append(redact_urls(path))
        sums += _channel_sums(pixels)
    if not jpegs:
        return EncodedEvent(None, sums, tuple(failures), bytes_read)
    record = EventRecord(
        plan.event_id, tuple(jpegs), tuple(sizes), plan.labels, tuple(paths), plan.meta
    )
    return EncodedEvent(record, sums, tuple(failures), bytes_read)


def _encode_photo(
    data: bytes, box: Box | None, storage_format: StorageFormat
) -> tuple[bytes, Pixels]:
    """Return the JPEG to store and its pixels, which are valid until this thread's next photo.

    A file that already has the required size and encoding is stored unchanged, since encoding it
    again would lose quality.
    """
    if storage_format.crop_margin is not None and box is not None:
        square = crop_to_box(
            data,
            box,
            storage_format.crop_margin,
            storage_format.smallest_side,
            buffer=_DECODE_BUFFER,
        )
        pixels = shrink(square, storage_format.smallest_side)
        return encode_jpeg(pixels, storage_format.quality), pixels
    pixels, data = decode_and_repair(
        data, (storage_format.smallest_side, storage_format.smallest_side), buffer=_DECODE_BUFFER
    )
    if min(pixels.shape[:2]) <= storage_format.smallest_side and _is_storable(data, pixels.shape):
        return data, pixels
    pixels = shrink(pixels, storage_format.smallest_side)
    return encode_jpeg(pixels, storage_format.quality), pixels


def _is_storable(jpeg: bytes, shape: tuple[int, ...]) -> bool:
    """Return whether a file can be stored unchanged.

    It can if it is a baseline 4:2:0 JPEG that decodes to this shape without scaling or rotation.
    """
    header = read_header(jpeg)
    if header is None or not header.is_baseline_420 or (header.height, header.width) != shape[:2]:
        return False
    return not header.has_exif or oriented_size(jpeg)[2]


def _channel_sums(pixels: Pixels) -> ChannelSums:
    """Return the sums over a photo; OpenCV adds up four channels several times as fast as three."""
    count = pixels.shape[0] * pixels.shape[1]
    four = _SUMS_BUFFER.get(4 * count)[: 4 * count].reshape(*pixels.shape[:2], 4)
    moments = cv2.meanStdDev(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA, dst=four))
    mean, std = np.reshape(moments, (2, 4))[:, :3] / 255.0
    return ChannelSums(count, mean * count, (std**2 + mean**2) * count)
