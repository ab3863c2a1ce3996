"""The photos that DALI is given, looked over before.

DALI's own TFRecord reader checks no checksum, can't leave out a bad record nor take up an epoch
exactly, and gives events, not photos. Reading here costs one more copy of the JPEGs, too little to
be measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import simplejpeg

from ctc.errors import ImageError, InputError
from ctc.images import decode

from ..common.bad_records import BadRecords
from ..common.samples import Samples
from .geometry import Size

_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


class EncodedPhoto(NamedTuple):
    """A JPEG in place, its (height, width), and where it comes from: the row of its record and its
    number there."""

    jpeg: memoryview
    size: Size
    row: int
    number: int


class PhotoSample(NamedTuple):
    """As many photos as DALI stacks; and the labels wanted, as `Sample` has them."""

    photos: list[EncodedPhoto]
    labels: list[int]


class PhotoSamples:
    """Samples as photos, `photos_per_sample` of them so many: the last one is repeated when an
    event has fewer."""

    def __init__(self, samples: Samples, bad_records: BadRecords, photos_per_sample: int) -> None:
        self._samples, self._bad_records, self._photos_per_sample = (
            samples,
            bad_records,
            photos_per_sample,
        )
        self._rejected: dict[tuple[int, int], InputError] = {}

    def get(self, row: int, photo: int, photo_draw: float, observation_draw: float) -> PhotoSample:
        """As `Samples.get`, but raises InputError for a bad photo too, or takes the next good
        record instead."""

        def look_over(row: int) -> PhotoSample:
            sample = self._samples.get(row, photo, photo_draw, observation_draw)
            photos = [
                self._make_photo(jpeg, row, at)
                for jpeg, at in zip(sample.jpegs, sample.photo_numbers, strict=True)
            ]
            return PhotoSample(
                photos + photos[-1:] * (self._photos_per_sample - len(photos)), sample.labels
            )

        return self._samples.first_good(row, look_over)

    def reject_undecodable(self, photos: Iterable[EncodedPhoto]) -> bool:
        """DALI failed on one of these: find the bad ones, and don't take them again. Raises
        InputError for the first, unless bad ones are to be skipped; False when there is none."""
        found = False
        for photo in photos:
            try:
                decode(bytes(photo.jpeg))
            except ImageError as error:
                refused = self._samples.bad_photo_error(photo.row, [photo.number], error)
                self._bad_records.skip_or_raise(refused)
                self._rejected[photo.row, photo.number] = refused
                found = True
        return found

    def _make_photo(self, jpeg: memoryview, row: int, number: int) -> EncodedPhoto:
        if (row, number) in self._rejected:
            raise self._rejected[row, number]
        try:
            return EncodedPhoto(jpeg, _jpeg_size(jpeg), row, number)
        except ImageError as error:
            raise self._samples.bad_photo_error(row, [number], error) from None


def _jpeg_size(jpeg: memoryview) -> Size:
    """(height, width). Raises ImageError for no JPEG, or one that is cut: DALI would show the
    missing part as grey."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise ImageError(str(error)) from None
    if jpeg[-2:] != _END_OF_IMAGE:
        data = bytes(jpeg)
        if data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN):
            raise ImageError("the JPEG is cut")
    return height, width
