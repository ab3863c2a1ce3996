"""Counts of the boxes in an inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctc.artifacts.boxes import BOX_COLUMNS, DETECTIONS, detections_from_json
from ctc.artifacts.inventory import IMAGES, Inventory

NO_CATEGORY = "(no category)"


@dataclass(frozen=True)
class BoxCounts:
    """`photos`: how many have a box. `categories`: category → boxes, most frequent first."""

    photos: int
    categories: Mapping[str, int]


def count_boxes(inventory: Inventory) -> BoxCounts | None:
    """Count the boxes of each photo once; None for an inventory without boxes.

    Of one with a box per photo (`BOX_COLUMNS`) alone, the categories are not known. Raises
    InputError for a column that doesn't hold boxes.
    """
    column = next((name for name in (DETECTIONS, BOX_COLUMNS[0]) if name in inventory.meta), None)
    if column is None:
        return None
    photos, categories = 0, Counter[str]()
    for value, rows in _values_of_photos(inventory, column).items():
        boxes = detections_from_json(value) if column == DETECTIONS else (None,)
        photos += rows
        for box in boxes:
            name = box.category if box else None
            categories[NO_CATEGORY if name is None else name] += rows
    ranked = sorted(categories.items(), key=lambda entry: (-entry[1], entry[0]))
    return BoxCounts(photos, dict(ranked))


def _values_of_photos(inventory: Inventory, column: str) -> dict[Any, int]:
    """Return the values of a column with a value per photo, and how many photos have each.

    The first value of a photo counts; photos without one are passed over.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = inventory.table.select([IMAGES, column])
    if not pa.types.is_list(table[column].type):
        return {}
    same = pc.equal(pc.list_value_length(table[IMAGES]), pc.list_value_length(table[column]))
    table = table.filter(pc.fill_null(same, False))
    pairs = pa.table(
        {"photo": pc.list_flatten(table[IMAGES]), "value": pc.list_flatten(table[column])}
    )
    pairs = pairs.filter(pc.is_valid(pairs["value"]))
    firsts = pairs.group_by("photo", use_threads=False).aggregate([("value", "first")])
    counts = pc.value_counts(firsts["value_first"].combine_chunks())
    return {one["values"].as_py(): one["counts"].as_py() for one in counts}
