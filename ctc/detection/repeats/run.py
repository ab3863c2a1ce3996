"""`ctc detect repeats`: from a file of boxes to the list of places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from ctc.artifacts.repeats import RepeatList
from ctc.detection.repeats.boxes_file import CameraBoxes, read_boxes
from ctc.detection.repeats.find import DEFAULT_REPEATS, FoundRepeat, RepeatConfig, find_repeats
from ctc.errors import InputError, UsageError
from ctc.storage.paths import absolute_path, is_remote, join_path, parse_path
from ctc.storage.urls import redact_urls

REPEATS_FILE, PAGE_FILE = "repeats.json", "repeats.html"
_TRIED_PHOTOS = 20
"""Photos of the file of which at least one must be there."""


@dataclass(frozen=True)
class RepeatSearch:
    """The options of `ctc detect repeats`.

    `boxes`: the results of a detector. `image_root`: folder that its paths start from; None: that
    of the file. `levels`: see `RepeatList`.
    """

    boxes: Path
    image_root: Path | None = None
    levels: int = 0
    config: RepeatConfig = DEFAULT_REPEATS


@dataclass(frozen=True)
class RepeatResult:
    """What was found.

    `root`: the image root. `photos`, `boxes`, `cameras`: how many were looked through.
    """

    root: Path
    list: RepeatList
    found: tuple[FoundRepeat, ...]
    photos: int
    boxes: int
    cameras: int

    @property
    def repeated_boxes(self) -> int:
        """How many photos, place by place, have a box at a place of the list."""
        return sum(one.place.photos for one in self.found)


def search_repeats(search: RepeatSearch) -> RepeatResult:
    """Find the places; raises CtcError for a file that can't be used and photos not found."""
    root = search.boxes.parent if search.image_root is None else search.image_root
    name = redact_urls(str(root) if is_remote(root) else absolute_path(str(root)))
    cameras = read_boxes(search.boxes, name, search.levels)
    if not cameras:
        raise InputError(f"'{search.boxes}' has no photo with a result: nothing to look through")
    _require_photos(cameras, root, search)
    found = tuple(find_repeats(cameras, search.config))
    places = tuple(one.place for one in found)
    return RepeatResult(
        root,
        RepeatList(name, search.levels, search.config.min_iou, places),
        found,
        sum(len(one.files) for one in cameras.values()),
        sum(len(one.boxes) for one in cameras.values()),
        len(cameras),
    )


def _require_photos(cameras: Mapping[str, CameraBoxes], root: Path, search: RepeatSearch) -> None:
    """Raise UsageError unless one of the first photos is there."""
    files = chain.from_iterable(one.files for one in cameras.values())
    first = list(islice(files, _TRIED_PHOTOS))
    if not any(parse_path(join_path(root, file)).is_file() for file in first):
        remedy = (
            "give the folder that the detector ran on with --image-root"
            if search.image_root is None
            else "--image-root must be the folder that the detector ran on"
        )
        raise UsageError(f"photo '{first[0]}' of '{search.boxes}' is not in '{root}': {remedy}")
