"""Boxes as COCO's annotations: https://cocodataset.org/#format-data.

`bbox` is left, top, width and height in pixels of the upright photo; `score` is the confidence.
Photos that failed are not in the file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ctc.artifacts.detections import EventDetections, ImageDetections
from ctc.errors import InputError
from ctc.plugin import OutputContext
from ctc.storage.paths import absolute_path, relative_path

_MEMORY_BYTES = 16 << 20
"""Of annotations, before they go to a temporary file: they come after all photos."""


def write(entries: Iterator[Any], path: Path, context: OutputContext) -> None:
    """Write photo by photo; raises InputError for a photo of unknown size."""
    names = [name for name, _ in context.settings["categories"]]
    numbers = {name: number for number, name in enumerate(names, 1)}
    info = {
        "description": f"boxes of {context.model}",
        "date_created": f"{context.created:%Y-%m-%d %H:%M:%S}",
        "contributor": f"ctc {context.version}".strip(),
    }
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    with (
        path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        tempfile.SpooledTemporaryFile(_MEMORY_BYTES, "w+", encoding="utf-8") as annotations,
    ):
        file.write(f'{{\n "info": {json.dumps(info, ensure_ascii=False)},\n')
        file.write(f' "categories": {json.dumps(categories, ensure_ascii=False)},\n "images": [')
        photos = (
            photo
            for entry in entries
            if isinstance(entry, EventDetections)
            for photo in entry.images
        )
        boxes = 0
        for number, photo in enumerate(photos, 1):
            height, width = _size(photo)
            image = {
                "id": number,
                "file_name": relative_path(photo.path, context.image_root)
                or absolute_path(photo.path),
                "width": width,
                "height": height,
                **({"date_captured": photo.taken} if photo.taken else {}),
            }
            _add(file, number > 1, json.dumps(image, ensure_ascii=False))
            for one in photo.detections:
                boxes += 1
                sides = (one.box.x, one.box.y, one.box.width, one.box.height)
                bbox = [
                    round(side * length, 2)
                    for side, length in zip(sides, (width, height) * 2, strict=True)
                ]
                annotation = {
                    "id": boxes,
                    "image_id": number,
                    "category_id": numbers[one.category],
                    "bbox": bbox,
                    "area": round(bbox[2] * bbox[3], 2),
                    "iscrowd": 0,
                    "score": round(one.box.confidence or 0.0, 5),
                    **({"repeat": True} if one.is_repeat else {}),
                }
                _add(annotations, boxes > 1, json.dumps(annotation))
        file.write('\n ],\n "annotations": [')
        annotations.seek(0)
        shutil.copyfileobj(annotations, file)
        file.write("\n ]\n}\n")


def _add(file: TextIO | tempfile.SpooledTemporaryFile[str], follows: bool, text: str) -> None:
    file.write(f"{',' if follows else ''}\n  {text}")


def _size(photo: ImageDetections) -> tuple[int, int]:
    if photo.size is None:
        raise InputError(f"the size of '{photo.path}' is not known: choose another --format")
    return photo.size
