"""Which samples an epoch has, and what each is made of before it is decoded.

DALI's own TFRecord reader checks no checksum, can't leave out a bad record nor take up an epoch exactly, and gives events, not photos.
Reading here costs one more copy of the JPEGs, too little to be measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import simplejpeg

from ctc.artifacts.dataset import Dataset
from ctc.errors import ImageError, InputError
from ctc.images import decode
from ctc.plugin import LoaderConfig

from .dali_frame import Size
from .order import Numbers, shuffled, window
from .plan import Plan
from .turbo_records import Records

_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


class Photo(NamedTuple):
    """A JPEG in place, its (height, width), and where it comes from: the row of its record and its number there."""

    jpeg: memoryview
    size: Size
    row: int
    number: int


class Sample(NamedTuple):
    """One photo, or three to be stacked; and a class number for each label wanted."""

    photos: list[Photo]
    labels: list[int]


class Samples:
    """One reader's samples of a split. `bad`: the bad records and photos met so far."""

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig, plan: Plan) -> None:
        self._config, self._plan = config, plan
        self._among = window(dataset.shards(split), plan.samples * config.shard[1])
        self._records = Records(dataset, split, config.labels)
        self._refused: dict[tuple[int, int], InputError] = {}
        self.bad: set[str] = set()

    def ordered(self, epoch: int) -> Numbers:
        """(samples, 2): rows and photos in the order of the epoch."""
        config, samples = self._config, self._all
        order = np.arange(len(samples))
        if config.shuffle:
            order = shuffled(self._records.shard_of[samples[:, 0]], self._among, config.seed, epoch)
        number, readers = config.shard
        return samples[np.resize(order[number::readers], self._plan.samples)]

    def announce(self, rows: Iterable[int]) -> None:
        """Let the system fetch these records, without waiting for them."""
        for row in rows:
            self._records.announce(row)

    def get(self, row: int, photo: int, photo_draw: float, observation_draw: float) -> Sample:
        """The sample of a record; the draws, in 0–1, choose among its photos and observations. Raises InputError for a bad one, unless
        those are to be skipped: then the next good one of the split takes its place."""
        rows = len(self._records)
        for tried in range(rows):
            try:
                return self._get((row + tried) % rows, photo, photo_draw, observation_draw)
            except InputError as error:
                self._leave_out(error, last=tried == rows - 1)
        raise AssertionError("a split has records")

    def refuse(self, photos: Iterable[Photo]) -> bool:
        """DALI failed on one of these: find the bad ones, and don't take them again. Raises InputError for the first, unless
        bad ones are to be skipped; False when there is none."""
        found = False
        for photo in photos:
            try:
                decode(bytes(photo.jpeg))
            except ImageError as error:
                refused = self._bad_photo(photo.row, photo.number, error)
                self._leave_out(refused)
                self._refused[photo.row, photo.number] = refused
                found = True
        return found

    def where(self, row: int) -> str:
        """Shard and offset of a record, for messages."""
        return self._records.where(row)

    def close(self) -> None:
        """Let go of the files."""
        self._records.close()

    @cached_property
    def _all(self) -> Numbers:
        """(N, 2): row and photo of every sample of the split, in the order of the files. To take every photo of an event, all records
        have to be looked through once."""
        rows = range(len(self._records))
        if self._config.image_choice != "all":
            return np.stack([np.array(rows), np.zeros(len(rows), np.int64)], axis=1)
        found: list[tuple[int, int]] = []
        for row in rows:
            try:
                found += [(row, number) for number in range(len(self._records.event(row).jpegs))]
            except InputError as error:
                self._leave_out(error, last=not found and row == rows[-1])
        return np.array(found, np.int64)

    def _get(self, row: int, photo: int, photo_draw: float, observation_draw: float) -> Sample:
        event = self._records.event(row)
        photos = [
            self._photo(event.jpegs[number], row, number)
            for number in self._chosen(len(event.jpegs), photo, photo_draw)
        ]
        share = observation_draw if self._config.observation == "random" else 0.0
        return Sample(photos, [values[int(share * len(values))] for values in event.labels])

    def _photo(self, jpeg: memoryview, row: int, number: int) -> Photo:
        if (row, number) in self._refused:
            raise self._refused[row, number]
        try:
            return Photo(jpeg, _size_of(jpeg), row, number)
        except ImageError as error:
            raise self._bad_photo(row, number, error) from None

    def _chosen(self, photos: int, photo: int, draw: float) -> Sequence[int]:
        """The numbers of the photos to show, of an event that has so many."""
        choice = self._config.image_choice
        if choice == "grayscale_stacking":
            return [min(number, photos - 1) for number in range(3)]
        if choice == "random":
            return [int(draw * photos)]
        return [min(photo, photos - 1)]

    def _bad_photo(self, row: int, number: int, error: ImageError) -> InputError:
        return InputError(f"{self.where(row)}: photo {number}: {error}")

    def _leave_out(self, error: InputError, last: bool = False) -> None:
        if last or self._config.on_bad_record == "fail":
            raise error
        self.bad.add(str(error))


def _size_of(jpeg: memoryview) -> Size:
    """(height, width). Raises ImageError for no JPEG, or one that is cut: DALI would show the missing part as grey."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise ImageError(str(error)) from None
    if jpeg[-2:] != _END_OF_IMAGE:
        data = bytes(jpeg)
        if data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN):
            raise ImageError("the JPEG is cut")
    return height, width
