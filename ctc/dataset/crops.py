"""An inventory of crops: a row per box in place of a row per observation.

Each box becomes an event of its own with one photo, to which `crop_box` cuts it. A box with labels
of its own has those. Without, an event with one answer lends it to its boxes of the same kind:
animals to boxes of animals, people to those of people; boxes of an event with several answers are
left out, since it is not known which is which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ctc.artifacts.boxes import (
    BOX_COLUMNS,
    BOX_CONFIDENCE,
    DETECTIONS,
    LabelledBox,
    detections_from_json,
)
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.artifacts.observation_types import observation_type
from ctc.errors import InputError, UsageError

CropChoice = Literal["surest", "all"]
WithoutBox = Literal["leave-out", "whole", "blank"]

SOURCE_EVENT = "source_event"
"""Meta column with the event that a crop is from; its crops stay in one split."""
SEVERAL = "a box of an event with several answers"
OTHER_KIND = "a box of another kind than its event's answer"
NO_BOX = "a photo without a box"
BLANK = "blank"
_ROWS_PER_BATCH = 10_000


def crops_of(inventory: Inventory, without_box: WithoutBox = "leave-out") -> Inventory:
    """Return the inventory of all crops.

    `without_box`: whether a photo without a box is left out, is kept as a whole with its event's
    labels, or is kept as a whole and blank. Raises UsageError for an inventory without boxes.
    """
    import pyarrow as pa

    if DETECTIONS not in inventory.meta:
        raise UsageError(
            f"--crops all needs an inventory with a column '{DETECTIONS}': add boxes with `ctc "
            "inventory megadetector`, or read COCO or Camtrap DP with boxes"
        )
    dropped: Counter[str] = Counter()
    rows = list(_crop_rows(inventory, without_box, dropped))
    if not rows:
        listed = ", ".join(f"{count:,} × {reason}" for reason, count in dropped.items())
        raise InputError(f"no crop is left for the dataset ({listed or 'the inventory is empty'})")
    per_photo = (*BOX_COLUMNS, BOX_CONFIDENCE)
    schema = pa.schema(
        [
            (EVENT_ID, pa.string()),
            (IMAGES, pa.list_(pa.string())),
            *((label, pa.string()) for label in inventory.labels),
            *(
                (name, inventory.table.schema.field(name).type)
                for name in inventory.meta
                if name not in (*per_photo, DETECTIONS)
            ),
            *((name, pa.list_(pa.float64())) for name in per_photo),
            (SOURCE_EVENT, pa.string()),
        ]
    )
    left_out = Counter(inventory.left_out) + dropped
    table = pa.Table.from_pylist(rows, schema)
    return Inventory(table, inventory.labels, inventory.image_root, dict(left_out))


def _crop_rows(
    inventory: Inventory, without_box: WithoutBox, dropped: Counter[str]
) -> Iterator[dict[str, Any]]:
    for rows in _events(inventory):
        answers = [{label: row[label] for label in inventory.labels} for row in rows]
        photos = next((row for row in rows if row[IMAGES]), rows[0])
        images, texts = photos[IMAGES] or [], photos[DETECTIONS] or []
        for number, image in enumerate(images, 1):
            boxes = detections_from_json(texts[number - 1] if number <= len(texts) else None)
            name = f"{photos[EVENT_ID]}#{number}" if len(images) > 1 else str(photos[EVENT_ID])
            meta = _meta_of(photos, inventory, number - 1)
            if not boxes:
                yield from _whole(name, image, answers, meta, without_box, dropped)
            for place, one in enumerate(boxes, 1):
                labels = _labels_of(one, answers, inventory.labels, dropped)
                if labels is not None:
                    yield _row(f"{name}/{place}", image, labels, meta, one)


def _events(inventory: Inventory) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each event, in order of first appearance."""
    by_event: dict[Any, list[int]] = {}
    for row, event in enumerate(inventory.table[EVENT_ID].to_pylist()):
        by_event.setdefault(event, []).append(row)
    pending: list[list[int]] = []
    count = 0
    for rows in by_event.values():
        pending.append(rows)
        count += len(rows)
        if count >= _ROWS_PER_BATCH:
            yield from _taken(inventory, pending)
            pending, count = [], 0
    yield from _taken(inventory, pending)


def _taken(inventory: Inventory, events: Sequence[list[int]]) -> Iterator[list[dict[str, Any]]]:
    numbers = [row for rows in events for row in rows]
    found = inventory.table.take(numbers).to_pylist() if numbers else []
    start = 0
    for rows in events:
        yield found[start : start + len(rows)]
        start += len(rows)


def _meta_of(row: Mapping[str, Any], inventory: Inventory, at: int) -> dict[str, Any]:
    """Return the meta values of a photo: its own of the columns that have one per photo."""
    skipped = (*BOX_COLUMNS, BOX_CONFIDENCE, DETECTIONS)
    found = {name: row[name] for name in inventory.meta if name not in skipped}
    return {
        **{
            name: [value[at]] if isinstance(value, list) and at < len(value) else value
            for name, value in found.items()
        },
        SOURCE_EVENT: str(row[EVENT_ID]),
    }


def _labels_of(
    one: LabelledBox,
    answers: Sequence[Mapping[str, str | None]],
    labels: Sequence[str],
    dropped: Counter[str],
) -> dict[str, str | None] | None:
    """Return the labels of a crop; None, counted, if they are not known."""
    own = {label: one.labels.get(label) for label in labels}
    if any(value is not None for value in own.values()):
        return own
    if len(answers) > 1:
        dropped[SEVERAL] += 1
        return None
    lent = dict(answers[0])
    kinds = {observation_type(value) for value in lent.values() if value is not None}
    kind = observation_type(one.category or "animal")
    if (kinds - {"animal"} and kind not in kinds) or (kind != "animal" and kind not in kinds):
        dropped[OTHER_KIND] += 1
        return None
    return lent


def _whole(
    name: str,
    image: str,
    answers: Sequence[Mapping[str, str | None]],
    meta: Mapping[str, Any],
    without_box: WithoutBox,
    dropped: Counter[str],
) -> Iterator[dict[str, Any]]:
    """Yield the row of a photo without a box, or count it."""
    if without_box == "leave-out":
        dropped[NO_BOX] += 1
    elif without_box == "whole":
        if len(answers) > 1:
            dropped[SEVERAL] += 1
        else:
            yield _row(name, image, answers[0], meta)
    else:
        blank = {label: (BLANK if at == 0 else None) for at, label in enumerate(answers[0])}
        yield _row(name, image, blank, meta)


def _row(
    name: str,
    image: str,
    labels: Mapping[str, str | None],
    meta: Mapping[str, Any],
    one: LabelledBox | None = None,
) -> dict[str, Any]:
    box = one and one.box
    sides = [box.x, box.y, box.width, box.height] if box else [None] * 4
    return {
        EVENT_ID: name,
        IMAGES: [image],
        **labels,
        **meta,
        **{column: [side] for column, side in zip(BOX_COLUMNS, sides, strict=True)},
        BOX_CONFIDENCE: [box.confidence if box else None],
    }
