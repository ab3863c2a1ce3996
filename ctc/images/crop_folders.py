"""Crops of boxes as JPEGs, in a folder per class.

A crop is the square around a box, cut from the photo at its full size. Its name shows where it is
from: box 2 of `north/day 1/IMG_01.jpg` is `north__day 1__IMG_01-box2.jpg`, that of a clip's frame
`north__a.mp4#t=3.2-box2.jpg`, with a number where the name is taken. `_failed.csv` lists the photos
that have no crops since they can't be used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import Failure
from ctc.errors import ImageError
from ctc.hardware import usable_cores
from ctc.images.clips.names import split_frame_path
from ctc.images.crop import square_around
from ctc.images.decode import Pixels, decode
from ctc.images.files import read_photo
from ctc.images.resize import encode_jpeg
from ctc.storage.csv_writer import open_rows
from ctc.storage.file_names import FolderNames, flat_name, safe_name, with_number
from ctc.storage.ordered_map import map_in_order

CROP_MARGIN = 0.1
"""Default margin around a box, a share of its longer side."""
FAILURES_FILE = "_failed.csv"
QUALITY = 95


class ClassBox(NamedTuple):
    """A box, its number in the photo, from 1, and the classes in whose folders its crop belongs."""

    box: Box
    number: int
    classes: tuple[str, ...]


class BoxedPhoto(NamedTuple):
    """A photo and the boxes to cut out."""

    path: str
    boxes: tuple[ClassBox, ...]


def write_crop_folders(
    photos: Iterable[BoxedPhoto | Failure],
    path: Path,
    root: Path,
    classes: Iterable[str],
    margin: float = CROP_MARGIN,
    for_excel: bool = False,
) -> None:
    """Write the crops and the list of failures into the new folder `path`.

    `root`: where the names of the crops start from. `classes` get their folders' names first.
    """
    path.mkdir()
    folders = _CropFolders(path, root, FolderNames(classes, [FAILURES_FILE]))
    cores = usable_cores()
    with (
        open_rows(path / FAILURES_FILE, for_excel) as failed,
        ThreadPoolExecutor(cores, "ctc-crops") as pool,
        closing(map_in_order(pool, partial(_cut, margin=margin), photos, 2 * cores)) as cut,
    ):
        failed.writerow(["path", "reason"])
        for photo, crops in cut:
            if isinstance(photo, Failure):
                failed.writerow([photo.path, photo.reason])
            else:
                folders.add(photo, crops)


def _cut(
    photo: BoxedPhoto | Failure, margin: float
) -> tuple[BoxedPhoto | Failure, tuple[bytes, ...]]:
    """Return the photo with the JPEGs of its crops, or as a failure.

    A truncated photo that got boxes is one that the user wants to be used.
    """
    if isinstance(photo, Failure) or not photo.boxes:
        return photo, ()
    try:
        pixels = decode(read_photo(photo.path), truncated="use")
    except (ImageError, MemoryError) as error:
        return Failure(photo.path, str(error) or "too little memory"), ()
    return photo, tuple(_jpeg(pixels, one.box, margin) for one in photo.boxes)


def _jpeg(pixels: Pixels, box: Box, margin: float) -> bytes:
    at = square_around(box, pixels.shape[0], pixels.shape[1], margin)
    crop = pixels[at.top : at.top + at.height, at.left : at.left + at.width]
    return encode_jpeg(crop, QUALITY)


@dataclass
class _CropFolders:
    """Class folders below `path`; `next_numbers` by the name that is taken."""

    path: Path
    root: Path
    names: FolderNames
    next_numbers: dict[Path, int] = field(default_factory=dict)

    def add(self, photo: BoxedPhoto, crops: tuple[bytes, ...]) -> None:
        name = flat_name(photo.path, self.root)
        stem = name if split_frame_path(name) else os.path.splitext(name)[0]
        for one, jpeg in zip(photo.boxes, crops, strict=True):
            for class_name in one.classes:
                folder = self.path / self.names.folder(class_name)
                folder.mkdir(exist_ok=True)
                self._write(jpeg, folder / safe_name(f"{stem}-box{one.number}.jpg"))

    def _write(self, jpeg: bytes, target: Path) -> None:
        """Write under the wanted name, with a number where that is taken."""
        while True:
            number = self.next_numbers.get(target, 1)
            try:
                with target.with_name(with_number(target.name, number)).open("xb") as file:
                    file.write(jpeg)
                return
            except FileExistsError:
                self.next_numbers[target] = number + 1
