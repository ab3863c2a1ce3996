"""Crops of the boxes as JPEGs, in a folder per category; see `ctc.images.crop_folders`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctc.artifacts.detections import ImageDetections
from ctc.artifacts.predictions import Failure
from ctc.images.crop_folders import BoxedPhoto, ClassBox, write_crop_folders
from ctc.plugin import OutputContext


def write(entries: Iterator[Any], path: Path, context: OutputContext) -> None:
    """Write the folders; boxes that are set aside as repeats get no crop."""
    names = [name for name, _ in context.settings["categories"]]
    write_crop_folders(_photos(entries), path, context.image_root, names)


def _photos(entries: Iterator[Any]) -> Iterator[BoxedPhoto | Failure]:
    for entry in entries:
        if isinstance(entry, Failure):
            yield entry
        else:
            yield from map(_boxed, entry.images)


def _boxed(photo: ImageDetections) -> BoxedPhoto:
    boxes = (
        ClassBox(one.box, number, (one.category,))
        for number, one in enumerate(photo.detections, 1)
        if not one.is_repeat
    )
    return BoxedPhoto(photo.path, tuple(boxes))
