"""Photos for DALI, checked beforehand.

DALI's own TFRecord reader verifies no checksum, can't skip a bad record, can't resume an epoch
exactly, and gives events, not photos. Reading here costs one more copy of the JPEGs, too little to
be measured.
"""

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
    """JPEG in place with its size (height, width), the row of its record and its number there."""

    jpeg: memoryview
    size: Size
    row: int
    number: int


class PhotoSample(NamedTuple):
    """Photos of one sample, as many as DALI stacks, with its labels as a row of `LabelColumns`."""

    photos: list[EncodedPhoto]
    labels: list[int]
    event_id: str


class PhotoSamples:
    """Samples with exactly `photos_per_sample` photos each.

    The last photo is repeated when an event has fewer.
    """

    def __init__(self, samples: Samples, bad_records: BadRecords, photos_per_sample: int) -> None:
        self._samples, self._bad_records = samples, bad_records
        self._photos_per_sample = photos_per_sample
        self._rejected: dict[tuple[int, int], InputError] = {}

    def get(self, row: int, photo: int, photo_draw: float, observation_draw: float) -> PhotoSample:
        """Return the checked sample of a record, as `Samples.get`.

        Raises InputError for a bad photo too, or takes the next good record instead.
        """

        def check_photos(row: int) -> PhotoSample:
            sample = self._samples.get(row, photo, photo_draw, observation_draw)
            photos = [
                self._make_photo(jpeg, row, at)
                for jpeg, at in zip(sample.jpegs, sample.photo_numbers, strict=True)
            ]
            repeated = photos[-1:] * (self._photos_per_sample - len(photos))
            return PhotoSample(photos + repeated, sample.labels, sample.event_id)

        return self._samples.first_good(row, check_photos)

    def reject_undecodable(self, photos: Iterable[EncodedPhoto]) -> bool:
        """Exclude the photos that can't be decoded; return whether there are any.

        Called when DALI failed on a batch. Raises InputError for the first one, unless bad ones are
        skipped.
        """
        found = False
        for photo in photos:
            try:
                decode(bytes(photo.jpeg))
            except ImageError as error:
                rejection = self._samples.bad_photo_error(photo.row, [photo.number], error)
                self._bad_records.skip_or_raise(rejection)
                self._rejected[photo.row, photo.number] = rejection
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
    """Return (height, width) of a JPEG.

    Raises ImageError when it is not a JPEG, or is truncated: DALI would show the missing part as
    grey.
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise ImageError(str(error)) from None
    if jpeg[-2:] != _END_OF_IMAGE:
        data = bytes(jpeg)
        if data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN):
            raise ImageError("the JPEG is cut")
    return height, width
