"""One event becomes one record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.predictions import Failure
from ctc.errors import ImageError
from ctc.images import Scratch, decode, encode_jpeg, read_photo, shrink, upright_size
from ctc.images.crop import Box, cropped
from ctc.images.jpeg_header import read_header
from ctc.storage.paths import joined

Pixels = NDArray[np.uint8]

_SCRATCH = Scratch()


@dataclass(frozen=True)
class ShrinkRule:
    """How photos are stored. `smallest_side` in pixels; `quality` of the JPEGs, 1–100; `crop_margin`: cut out the square around the
    box, with this margin (a share of the box's longer side), or None to keep the whole photo."""

    smallest_side: int
    quality: int
    crop_margin: float | None = None


@dataclass(frozen=True)
class EventPlan:
    """An event before its photos are read; `labels` are class numbers, one per observation; `boxes` one per photo, None where there is
    none."""

    event_id: str
    images: tuple[str, ...]
    boxes: tuple[Box | None, ...]
    labels: dict[str, tuple[int, ...]]
    meta: dict[str, object]


@dataclass(frozen=True)
class ChannelSums:
    """Per channel R, G, B, over pixels scaled to 0–1: their number, sum, and sum of squares."""

    pixels: int
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __add__(self, other: ChannelSums) -> ChannelSums:
        return ChannelSums(self.pixels + other.pixels, self.total + other.total, self.squares + other.squares)


NO_SUMS = ChannelSums(0, np.zeros(3), np.zeros(3))


@dataclass(frozen=True)
class Encoded:
    """The record of an event, None when no photo of it can be used; its channel sums; the photos that failed; the bytes read."""

    record: EventRecord | None
    sums: ChannelSums
    failures: tuple[Failure, ...]
    bytes_read: int


def encode_event(plan: EventPlan, image_root: Path, rule: ShrinkRule) -> Encoded:
    """Read, orient, crop, shrink and encode the event's photos; it survives while one photo is left."""
    jpegs, sizes, paths, failures, sums, bytes_read = [], [], [], [], NO_SUMS, 0
    for path, box in zip(plan.images, plan.boxes, strict=True):
        try:
            data = read_photo(joined(image_root, path))
            bytes_read += len(data)
            jpeg, pixels = _stored(data, box, rule)
        except ImageError as error:
            failures.append(Failure(path, str(error)))
            continue
        jpegs.append(jpeg)
        sizes.append((pixels.shape[0], pixels.shape[1]))
        paths.append(path)
        sums += _sums(pixels)
    if not jpegs:
        return Encoded(None, sums, tuple(failures), bytes_read)
    record = EventRecord(plan.event_id, tuple(jpegs), tuple(sizes), plan.labels, tuple(paths), plan.meta)
    return Encoded(record, sums, tuple(failures), bytes_read)


def _stored(data: bytes, box: Box | None, rule: ShrinkRule) -> tuple[bytes, Pixels]:
    """The JPEG to store and its pixels, which lie in this thread's scratch memory. It is the file itself when that is as it shall be, so
    that nothing is lost by encoding again."""
    if rule.crop_margin is not None and box is not None:
        square = cropped(data, box, rule.crop_margin, rule.smallest_side, scratch=_SCRATCH)
        pixels = shrink(square, rule.smallest_side)
        return encode_jpeg(pixels, rule.quality), pixels
    pixels = decode(data, (rule.smallest_side, rule.smallest_side), scratch=_SCRATCH)
    if min(pixels.shape[:2]) <= rule.smallest_side and _is_storable(data, pixels.shape):
        return data, pixels
    pixels = shrink(pixels, rule.smallest_side)
    return encode_jpeg(pixels, rule.quality), pixels


def _is_storable(data: bytes, shape: tuple[int, ...]) -> bool:
    """Whether the file is a baseline 4:2:0 JPEG that gives pixels of this shape without being scaled or turned."""
    header = read_header(data)
    if header is None or not header.plain or (header.height, header.width) != shape[:2]:
        return False
    return not header.has_exif or upright_size(data)[2]


def _sums(pixels: Pixels) -> ChannelSums:
    moments = [cv2.meanStdDev(channel) for channel in cv2.split(pixels)]
    mean, std = np.reshape(moments, (3, 2)).T / 255.0
    count = pixels.shape[0] * pixels.shape[1]
    return ChannelSums(count, mean * count, (std**2 + mean**2) * count)
