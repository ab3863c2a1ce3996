"""The boxes of a results file of `ctc detect` or MegaDetector, by camera.

https://lila.science/megadetector-output-format
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box
from ctc.artifacts.repeats import folder_above
from ctc.errors import InputError
from ctc.images.clips.names import frame_path
from ctc.storage.json_file import read_object

_TIME_FORMATS = ("%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@dataclass
class CameraBoxes:
    """The photos and videos of a camera, and their boxes; a video counts as one photo.

    `files`, `times`: of each photo. `boxes`, `categories`, `photos`, `shown`: of each box, `photos`
    the number of its photo, `shown` the path of the photo, or of the video's frame.
    """

    files: list[str] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    photos: list[int] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


def read_boxes(path: Path, root: str, levels: int) -> dict[str, CameraBoxes]:
    """Return the boxes by camera, in the order of the file.

    `root`: the image root. `levels`: see `RepeatList`. Photos that failed are passed over. Raises
    UsageError without the file, InputError for one of another kind and for a photo or box that
    can't be used.
    """
    data = read_object(path, "the .json output of `ctc detect`, or MegaDetector's")
    images, names = data.get("images"), data.get("detection_categories")
    if not (isinstance(images, list) and isinstance(names, dict)):
        raise InputError(
            f"'{path}' has no 'images' and 'detection_categories': give the .json output of"
            " `ctc detect`, or MegaDetector's"
        )
    cameras: dict[str, CameraBoxes] = {}
    for number, image in enumerate(images):
        where = f"'{path}' images[{number}]"
        file = image.get("file") if isinstance(image, dict) else None
        if not (isinstance(file, str) and file):
            raise InputError(f"{where} has no 'file'")
        if image.get("detections") is None:
            continue
        file = file.replace("\\", "/").removeprefix(root.rstrip("/") + "/")
        camera = cameras.setdefault(folder_above(file, levels), CameraBoxes())
        camera.files.append(file)
        camera.times.append(_time(image.get("datetime")))
        rate = _frame_rate(image, where)
        for category, box, frame in _boxes(image["detections"], where, names):
            camera.boxes.append(box)
            camera.categories.append(category)
            camera.photos.append(len(camera.files) - 1)
            camera.shown.append(frame_path(file, frame / rate) if rate else file)
    return cameras


def _frame_rate(image: Mapping[str, Any], where: str) -> float | None:
    """Return the frames per second of a video, None for a photo; raises InputError."""
    rate = image.get("frame_rate")
    if rate is None:
        return None
    if not isinstance(rate, int | float) or not 0 < rate < math.inf:
        raise InputError(f"{where}: 'frame_rate' is not a positive number")
    return float(rate)


def _boxes(
    detections: Any, where: str, names: Mapping[str, Any]
) -> Iterator[tuple[str, Box, float]]:
    """Yield category and box of each detection, and the number of its frame, 0 for a photo."""
    if not isinstance(detections, list):
        raise InputError(f"{where}: 'detections' must be a list")
    for place, one in enumerate(detections):
        try:
            sides = [float(side) for side in one["bbox"]]
            box, confidence = Box(*sides), float(one["conf"])
            frame = float(one.get("frame_number", 0))
            if not all(map(math.isfinite, (*sides, confidence, frame))):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"{where} detections[{place}] must have 'bbox', four numbers, and 'conf'"
            ) from None
        if min(box.width, box.height) > 0:
            yield str(names.get(str(one.get("category")), one.get("category"))), box, frame


def _time(text: Any) -> datetime | None:
    """Return the time of a photo, None for none and for one that is not known to be a time."""
    for form in _TIME_FORMATS:
        try:
            return datetime.strptime(str(text), form)
        except ValueError:
            continue
    return None
