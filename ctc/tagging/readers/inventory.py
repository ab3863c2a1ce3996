"""Inventories, whose labels people gave: also those of `ctc review export`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import DETECTIONS, detections_from_json
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import InputError
from ctc.storage.paths import join_path
from ctc.tagging.records import Answer, Finding


def read_inventory(path: Path, image_root: Path | None) -> Iterator[Finding]:
    """Yield the photos of every observation with its labels and boxes.

    `image_root`: in place of the one that the inventory remembers. Raises CtcError if it can't be
    read.
    """
    inventory = Inventory.read(path)
    root = image_root or inventory.image_root
    names = [IMAGES, *inventory.labels]
    names += [DETECTIONS] * (DETECTIONS in inventory.table.column_names)
    for batch in inventory.table.select(names).to_batches(10_000):
        for row in batch.to_pylist():
            yield from _findings(row, inventory.labels, root)


def _findings(row: dict[str, Any], labels: tuple[str, ...], root: Path) -> Iterator[Finding]:
    answers = tuple(
        Answer(label, str(row[label]), 1.0, by_person=True)
        for label in labels
        if row[label] is not None
    )
    images = row[IMAGES] or ()
    boxes = row.get(DETECTIONS) or [None] * len(images)
    if len(boxes) != len(images):
        raise InputError(
            f"an event of {len(images):,} photos has boxes for {len(boxes):,}, in the column"
            f" '{DETECTIONS}'"
        )
    for image, text in zip(images, boxes, strict=True):
        yield Finding(join_path(root, image), answers, detections_from_json(text))
