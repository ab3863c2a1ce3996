"""Photos for the comparison with the original network and for the calibration of int8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError, InputError
from ctc.images.decode import decode
from ctc.images.files import read_photo
from ctc.images.listing.folders import find_photos
from ctc.images.resize import min_decode_size, to_model_input
from ctc.storage.paths import parse_path

COMPARED_PHOTOS = 32
COMPARED_PHOTOS_SMALLER = 256
"""For float16 and int8, where the share of photos that keep their class is what counts."""
DRAWN_PICTURES = 12
BATCH_SIZE = 4
_SEED = 0
_GRIDS = (2, 4, 8, 16, 48)
"""Rows and columns of random colours from which a picture is drawn."""


@dataclass(frozen=True)
class PhotoSample:
    """Up to `count` photos of a folder, evenly spread over it, as the input of a network.

    Iterating gives batches (N, height, width, 3), the same each time. Photos that can't be decoded
    are skipped.
    """

    paths: Sequence[str]
    preprocessing: Preprocessing
    count: int
    batch_size: int = BATCH_SIZE

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        photos = islice(self._photos(), self.count)
        while batch := list(islice(photos, self.batch_size)):
            yield np.stack(batch)

    def read(self) -> NDArray[np.uint8]:
        """Return all photos, (N, height, width, 3); N is 0 if none can be decoded."""
        side = self.preprocessing.height, self.preprocessing.width, 3
        return np.concatenate([np.zeros((0, *side), np.uint8), *self])

    def split(self, first: int) -> tuple[PhotoSample, PhotoSample]:
        """Return samples of other photos each: at most a quarter for the first, the rest."""
        place = min(first, max(1, len(self.paths) // 4))
        one, rest = self.paths[:place], self.paths[place:]
        if not rest:
            raise InputError("one photo is too few to calibrate on and to compare: give some more")
        return replace(self, paths=one, count=first), replace(self, paths=rest)

    def _photos(self) -> Iterator[NDArray[np.uint8]]:
        for path in self.paths:
            try:
                pixels = decode(read_photo(parse_path(path)), min_decode_size(self.preprocessing))
            except ImageError:
                continue
            yield to_model_input(pixels, self.preprocessing)


def sample_folder(folder: Path, preprocessing: Preprocessing, count: int) -> PhotoSample:
    """Return up to `count` photos of a folder and its subfolders; raises CtcError without any."""
    paths = [path for photos in find_photos(folder) for path in photos]
    if not paths:
        raise InputError(f"'{folder}' holds no photos: give a folder with some")
    order = np.random.default_rng(_SEED).permutation(len(paths))
    return PhotoSample([paths[index] for index in order], preprocessing, count)


def drawn_pictures(preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Return DRAWN_PICTURES pictures of random colours, from smooth to detailed, dark to bright.

    (N, height, width, 3), the same each time.
    """
    random = np.random.default_rng(_SEED)
    size = preprocessing.width, preprocessing.height
    pictures = []
    for number in range(DRAWN_PICTURES):
        grid = _GRIDS[number % len(_GRIDS)]
        low, high = sorted(random.integers(0, 256, 2))
        colours = random.integers(low, high + 1, (grid, grid, 3)).astype(np.uint8)
        picture = cv2.resize(colours, size, interpolation=cv2.INTER_CUBIC)
        noise = random.normal(0, 3 * (number % 4), picture.shape)
        pictures.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return np.stack(pictures)
