"""The boxes of photos in a prediction file of `ctc predict --detector`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box
from ctc.errors import InputError
from ctc.evaluation.answers.prediction_file import json_events
from ctc.storage.csv_reader import open_table

PhotoBoxes = Mapping[str, tuple[Box, ...]]
"""Boxes by the path of the photo, each once, in the order of the file."""

_SIDES = ("box_x", "box_y", "box_width", "box_height")
_PATH = "path"
_BATCH_ROWS = 10_000


def read_photo_boxes(predictions: Path, photos: Collection[str]) -> PhotoBoxes:
    """Return the boxes of `photos`, for the few that a page shows.

    A file of a run without a detector, or without a row per box, has none. `predictions` is a file
    that `read_predictions` has read; raises InputError for boxes that can't be read.
    """
    readers = {".csv": _csv_boxes, ".json": _json_boxes, ".parquet": _parquet_boxes}
    wanted, found = set(photos), dict[str, dict[Box, None]]()
    try:
        for path, sides in readers[predictions.suffix.lower()](predictions):
            if path in wanted:
                found.setdefault(path, {})[_box(path, sides)] = None
    except InputError as error:
        raise InputError(f"'{predictions}': {error}") from None
    return {path: tuple(boxes) for path, boxes in found.items()}


def _box(path: str, sides: Any) -> Box:
    try:
        left, top, width, height = map(float, sides)
    except (TypeError, ValueError):
        left = top = width = height = math.nan
    if not all(map(math.isfinite, (left, top, width, height))):
        raise InputError(f"photo '{path}' has a box that is not four numbers")
    return Box(left, top, width, height)


def _csv_boxes(predictions: Path) -> Iterator[tuple[str, Any]]:
    table = open_table(predictions)
    if not {_PATH, *_SIDES} <= set(table.columns):
        return
    path, *sides = (table.columns[name] for name in (_PATH, *_SIDES))
    for _, cells in table.rows():
        if cells[sides[0]]:
            yield cells[path], [cells[at] for at in sides]


def _parquet_boxes(predictions: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(predictions)
    columns = [_PATH, *_SIDES]
    if not set(columns) <= set(file.schema_arrow.names):
        return
    for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
        for row in batch.to_pylist():
            if row[_SIDES[0]] is not None:
                yield row[_PATH], [row[side] for side in _SIDES]


def _json_boxes(predictions: Path) -> Iterator[tuple[str, Any]]:
    events = json_events(predictions)
    first = next(events, None)
    if first is None or not any("boxes" in photo for photo in first[1]["images"]):
        return  # all photos of a run with a detector have them, be it none
    for _, entry in chain([first], events):
        for photo in entry["images"]:
            for one in photo.get("boxes", ()):
                yield photo[_PATH], one.get("bbox")
