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
from ctc.images import decode, encode_jpeg, read_photo, shrink


@dataclass(frozen=True)
class EventPlan:
    """An event before its photos are read; `labels` are class numbers, one per observation."""

    event_id: str
    images: tuple[str, ...]
    labels: dict[str, tuple[int, ...]]
    meta: dict[str, str | int | float | None]


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
    """The record of an event, None when no photo of it can be used; its channel sums; the photos that failed."""

    record: EventRecord | None
    sums: ChannelSums
    failures: tuple[Failure, ...]


def encode_event(plan: EventPlan, image_root: Path, smallest_side: int, quality: int) -> Encoded:
    """Read, orient, shrink and encode the event's photos; it survives while one photo is left."""
    jpegs, sizes, paths, failures, sums = [], [], [], [], NO_SUMS
    for path in plan.images:
        try:
            pixels = shrink(decode(read_photo(image_root / path), (smallest_side, smallest_side)), smallest_side)
            jpegs.append(encode_jpeg(pixels, quality))
        except ImageError as error:
            failures.append(Failure(path, str(error)))
            continue
        sizes.append((pixels.shape[0], pixels.shape[1]))
        paths.append(path)
        sums += _sums(pixels)
    if not jpegs:
        return Encoded(None, sums, tuple(failures))
    record = EventRecord(plan.event_id, tuple(jpegs), tuple(sizes), plan.labels, tuple(paths), plan.meta)
    return Encoded(record, sums, tuple(failures))


def _sums(pixels: NDArray[np.uint8]) -> ChannelSums:
    mean, std = (np.asarray(values).ravel() / 255.0 for values in cv2.meanStdDev(pixels))
    count = pixels.shape[0] * pixels.shape[1]
    return ChannelSums(count, mean * count, (std**2 + mean**2) * count)
