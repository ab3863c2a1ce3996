"""Pixelation of people and other classes in copies, which can't be undone.

A box with a margin has BLOCKS squares along its longer side, each of one colour, the mean of its
pixels; a whole photo has PHOTO_BLOCKS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.observation_types import observation_type
from ctc.images import decode, encode_jpeg, is_jpeg
from ctc.images.decode import Pixels
from ctc.images.resize import encode_lossless
from ctc.tagging.jpeg.blurred import with_metadata_of
from ctc.tagging.records import TaggedPhoto

BLOCKS, PHOTO_BLOCKS = 5, 12
MARGIN = 0.1
"""Of each side of a box, added on both ends: detectors cut off hands and hair."""
QUALITY = 92
_WHOLE = Box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class BlurArea:
    """`boxes`: what to blur; `is_whole`: the photo as a whole."""

    boxes: tuple[Box, ...] = ()
    is_whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to blur."""
        return not self.boxes and not self.is_whole


def find_area(photo: TaggedPhoto, classes: Iterable[str], least: float) -> BlurArea:
    """Return what to blur: the boxes of the classes whose confidence is at least `least`.

    The whole photo as well if one of them is nowhere in it, and instead if it has an answer of a
    class and no such box.
    """
    wanted = tuple(classes)
    boxes = tuple(
        dict.fromkeys(
            one.box
            for one in photo.boxes
            if _is_any(_names(one), wanted) and _is_sure(one.box, least)
        )
    )
    placed = tuple(filter(_is_in_photo, boxes))
    answered = _is_any((one.name for one in photo.answers), wanted)
    return BlurArea(placed, (answered and not boxes) or placed != boxes)


def classes_without_photo(photos: Iterable[TaggedPhoto], classes: Iterable[str]) -> list[str]:
    """Return the classes that no answer and no box has."""
    names = {
        name
        for photo in photos
        for name in (
            *(one.name for one in photo.answers),
            *(name for box in photo.boxes for name in _names(box)),
        )
    }
    return [one for one in classes if not _is_any(names, (one,))]


def blur_photo(data: bytes, area: BlurArea, suffix: str) -> bytes:
    """Return the photo with its area blurred, upright and without previews of what was there.

    Metadata of a JPEG stay; those of other kinds don't. Raises ImageError for a photo that can't be
    opened, or a kind that can't be written.
    """
    pixels = np.ascontiguousarray(decode(data)).copy()
    if area.is_whole:
        pixelate(pixels, _WHOLE, PHOTO_BLOCKS, 0)
    for box in area.boxes:
        pixelate(pixels, box, BLOCKS, MARGIN)
    if not is_jpeg(data):
        return encode_lossless(pixels, suffix)
    return with_metadata_of(data, encode_jpeg(pixels, QUALITY))


def pixelate(pixels: Pixels, box: Box, blocks: int, margin: float) -> None:
    """Give squares of a box one colour each, in place; `margin`: added, in shares of its sides."""
    height, width = pixels.shape[:2]
    left, right = _span(box.x, box.width, margin, width)
    top, bottom = _span(box.y, box.height, margin, height)
    side = max(1, math.ceil(max(right - left, bottom - top) / blocks))
    for row in range(top, bottom, side):
        for column in range(left, right, side):
            block = pixels[row : min(row + side, bottom), column : min(column + side, right)]
            block[:] = np.round(block.mean(axis=(0, 1)))


def _span(start: float, length: float, margin: float, size: int) -> tuple[int, int]:
    first = math.floor((start - margin * length) * size)
    last = math.ceil((start + length + margin * length) * size)
    return max(0, first), min(size, last)


def _is_sure(box: Box, least: float) -> bool:
    confidence = box.confidence or 1.0
    return math.isnan(confidence) or confidence >= least


def _is_in_photo(box: Box) -> bool:
    """Return whether a box covers some of its photo."""
    sides = (box.x, box.width), (box.y, box.height)
    return all(
        math.isfinite(start) and math.isfinite(length) and length > 0 and -length < start < 1
        for start, length in sides
    )


def _names(box: LabelledBox) -> Iterator[str]:
    if box.category:
        yield box.category
    yield from box.labels.values()


def _is_any(names: Iterable[str], wanted: tuple[str, ...]) -> bool:
    return any(_is_class(name, one) for name in names for one in wanted)


def _is_class(name: str, wanted: str) -> bool:
    """Return whether a class is the wanted one, also by another of its names: person, human."""
    kind = observation_type(wanted)
    same_kind = kind != "animal" and observation_type(name) == kind
    return same_kind or name.casefold() == wanted.casefold()
