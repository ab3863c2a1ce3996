"""MegaDetector's batch output 1.6: https://lila.science/megadetector-output-format.

Each photo has its boxes, `bbox` as fractions (left, top, width, height), the surest first. Paths
are relative to the image root, with forward slashes. Categories are numbered from "1", so that
those of MegaDetector keep their numbers: animal, person, vehicle. A box at a place of a list of
repeats has a further `repeat`, true; its confidence is unchanged. The frames of a clip are one
entry, see `ctc.images.clips.video_entries`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ctc.artifacts.detections import EventDetections
from ctc.artifacts.predictions import Failure
from ctc.images.clips.video_entries import Entry, unite_frames
from ctc.plugin import OutputContext
from ctc.storage.paths import absolute_path, relative_path

FORMAT_VERSION = "1.6"
DIGITS = 5
"""Decimals of coordinates and confidences: 0.02 pixels of a photo 4,000 wide."""


def write(entries: Iterator[Any], path: Path, context: OutputContext) -> None:
    """Write photo by photo, in the order of the input."""
    names = [name for name, _ in context.settings["categories"]]
    numbers = {name: str(number) for number, name in enumerate(names, 1)}
    head = {
        "info": {
            "format_version": FORMAT_VERSION,
            "detector": context.model,
            "detection_completion_time": f"{context.created:%Y-%m-%d %H:%M:%S}",
            "detector_metadata": {
                "layout": context.settings["layout"],
                "typical_detection_threshold": max(0.2, context.settings["min_confidence"]),
                "conservative_detection_threshold": context.settings["min_confidence"],
                **({"licence": licence} if (licence := context.settings.get("licence")) else {}),
            },
        },
        "detection_categories": {number: name for name, number in numbers.items()},
    }
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        text = json.dumps(head, ensure_ascii=False, indent=1)
        file.write(f'{text.removesuffix("}").rstrip()},\n "images": [')
        images = (_images(entry, numbers, context.image_root) for entry in entries)
        for number, image in enumerate(unite_frames(images)):
            line = json.dumps(image, ensure_ascii=False, allow_nan=False)
            file.write(f"{',' if number else ''}\n  {line}")
        file.write("\n ]\n}\n")


def _images(
    entry: EventDetections | Failure, numbers: dict[str, str], root: Path
) -> Iterator[tuple[str, Entry]]:
    """Yield the path and the entry of each photo."""
    if isinstance(entry, Failure):
        if not entry.of_event:
            failed = {"file": _file(entry.path, root), "failure": entry.reason, "detections": None}
            yield entry.path, failed
        return
    for photo in entry.images:
        boxes = [
            {
                "category": numbers[one.category],
                "conf": round(one.box.confidence or 0.0, DIGITS),
                "bbox": [
                    round(side, DIGITS)
                    for side in (one.box.x, one.box.y, one.box.width, one.box.height)
                ],
                **({"repeat": True} if one.is_repeat else {}),
            }
            for one in photo.detections
        ]
        taken = photo.taken and datetime.fromisoformat(photo.taken)
        image = {
            "file": _file(photo.path, root),
            "detections": boxes,
            **({"datetime": f"{taken:%Y:%m:%d %H:%M:%S}"} if taken else {}),
            **({"height": photo.size[0], "width": photo.size[1]} if photo.size else {}),
        }
        yield photo.path, image


def _file(path: str, root: Path) -> str:
    return relative_path(path, root) or absolute_path(path)
