"""Lists of repeats: places in the view of a camera where a detector sees the same box again and
again, such as stones and branches.

A JSON file that `ctc detect repeats` writes:

    format, format_version   "ctc-repeats", 1
    image_root               folder that the names of cameras start from, absolute or a URL
    levels                   folders of a photo's path between its file and its camera's folder
    min_iou                  a box is at a place if their intersection over union is at least this
    places                   a list, see `RepeatPlace`
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.errors import InputError
from ctc.storage.json_file import check_format, read_object, write_object

FORMAT, VERSION = "ctc-repeats", 1
REPEATS = "repeats"
"""Key in the settings of a run with a list of repeats: its image root, see `OutputContext`."""
DIGITS = 5
"""Decimals of the sides of a box."""

Corners = NDArray[np.float64]
"""(K, 4): left, top, right, bottom as fractions of the photo."""


@dataclass(frozen=True, slots=True)
class RepeatPlace:
    """A place in the view of a camera.

    `camera`: its folder, relative to the list's image root if it is in it, "" for that itself.
    `box`: as fractions of the photo. `photos`: how many have a box there. `first`, `last`: ISO 8601
    times of the earliest and latest, None if no time is known. `category`: the most frequent one of
    the boxes. `example`: one of the photos, as `camera`. `keep`: whether its boxes are kept,
    because they are animals after all; otherwise they are set aside.
    """

    camera: str
    box: Box
    photos: int
    first: str | None
    last: str | None
    category: str
    example: str
    keep: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the file."""
        box = self.box
        return {
            "camera": self.camera,
            "bbox": [round(side, DIGITS) for side in (box.x, box.y, box.width, box.height)],
            "photos": self.photos,
            "first": self.first,
            "last": self.last,
            "category": self.category,
            "example": self.example,
            "keep": self.keep,
        }


@dataclass(frozen=True)
class RepeatList:
    """The places of all cameras; for the fields see the top of the file."""

    image_root: str
    levels: int
    min_iou: float
    places: tuple[RepeatPlace, ...]

    @classmethod
    def read(cls, path: Path) -> RepeatList:
        """Read a list; raises UsageError without the file, InputError for anything else."""
        data = read_object(path, "a list of `ctc detect repeats`")
        check_format(data, path, FORMAT, VERSION)
        places = data.get("places")
        if not isinstance(places, list):
            raise InputError(f"'{path}': 'places' must be a list")
        root, levels, min_iou = (data.get(key) for key in ("image_root", "levels", "min_iou"))
        if not (isinstance(root, str) and type(levels) is int and levels >= 0):
            raise InputError(f"'{path}': 'image_root' must be a folder, 'levels' a number from 0")
        if not (isinstance(min_iou, int | float) and 0 < min_iou <= 1):
            raise InputError(f"'{path}': 'min_iou' must be a number above 0, at most 1")
        found = tuple(_place(entry, path, number) for number, entry in enumerate(places))
        return cls(root, levels, float(min_iou), found)

    def to_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "image_root": self.image_root,
            "levels": self.levels,
            "min_iou": self.min_iou,
            "places": [place.to_json() for place in self.places],
        }

    def write(self, path: Path) -> None:
        """Write the list atomically."""
        write_object(path, self.to_json())

    def covers(self, photo: str, box: Box) -> bool:
        """Return whether a box is at a place of its camera whose boxes are not kept.

        `photo`: its path with forward slashes, relative to the list's image root, or absolute.
        """
        camera = folder_above(photo.removeprefix(self.image_root.rstrip("/") + "/"), self.levels)
        corners = self._corners.get(camera)
        if corners is None:
            return False
        return bool((overlap(corners, corners_of([box])[0]) >= self.min_iou).any())

    @cached_property
    def _corners(self) -> Mapping[str, Corners]:
        """The places whose boxes are set aside, by camera."""
        found: dict[str, list[Box]] = {}
        for place in self.places:
            if not place.keep:
                found.setdefault(camera_folder(place.camera), []).append(place.box)
        return {camera: corners_of(boxes) for camera, boxes in found.items()}


def folder_above(file: str, levels: int) -> str:
    """Return the folder of a file's camera: `levels` above its own, "" for the topmost.

    It has no folders that the camera numbers itself; see `camera_folder`.
    """
    folders = file.split("/")[:-1]
    return camera_folder("/".join(folders[: max(0, len(folders) - levels)]))


def corners_of(boxes: Sequence[Box]) -> Corners:
    """Return the corners of boxes."""
    rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)


def overlap(corners: Corners, one: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union (0–1) of each of the boxes with `one` of them, (4,)."""
    inner = np.minimum(corners[:, 2:], one[2:]) - np.maximum(corners[:, :2], one[:2])
    shared = np.prod(np.maximum(inner, 0), axis=1)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    union = areas + np.prod(one[2:] - one[:2]) - shared
    return np.asarray(shared / np.maximum(union, 1e-12))


def _place(entry: Any, path: Path, number: int) -> RepeatPlace:
    try:
        camera, keep = entry["camera"], entry["keep"]
        left, top, width, height = map(float, entry["bbox"])
        photos, times = int(entry.get("photos", 0)), (entry.get("first"), entry.get("last"))
        category, example = str(entry.get("category", "")), str(entry.get("example", ""))
        is_box = all(map(math.isfinite, (left, top, width, height))) and min(width, height) > 0
        if not (isinstance(camera, str) and isinstance(keep, bool) and is_box):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise InputError(
            f"'{path}': places[{number}] must have 'camera' (a folder), 'bbox' (left, top, width,"
            " height) and 'keep' (true or false)"
        ) from None
    first, last = (None if time is None else str(time) for time in times)
    box = Box(left, top, width, height)
    return RepeatPlace(camera, box, photos, first, last, category, example, keep)
