"""People's answers as an inventory, which `ctc dataset` takes, and evaluation as the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from ctc.artifacts.arrow_columns import DATETIME, LOCATION
from ctc.artifacts.boxes import DETECTIONS, LabelledBox, detections_to_json
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel
from ctc.review.export.photo_paths import PhotoPaths
from ctc.review.export.reviewed import ReviewedEvent

REVIEWED_BY, REVIEWED_AT = "reviewed_by", "reviewed_at"
NO_PHOTO, NOT_UNICODE = "event without photos", "event with a file name that is not UTF-8"
_SEPARATOR = " | "


@dataclass(frozen=True)
class InventoryColumns:
    """What the inventory has: labels, further columns `meta`, and whether there are boxes."""

    labels: tuple[ReviewLabel, ...]
    meta: tuple[str, ...]
    has_boxes: bool

    @property
    def fixed(self) -> tuple[str, ...]:
        """The columns beside `meta`, whose names win."""
        names = (EVENT_ID, IMAGES, *(label.name for label in self.labels))
        boxes = (DETECTIONS,) if self.has_boxes else ()
        return (*names, LOCATION, DATETIME, REVIEWED_BY, REVIEWED_AT, *boxes)

    def meta_name(self, name: str) -> str:
        """Return the name of a further column in the inventory: `meta_NAME` if that is taken."""
        return f"meta_{name}" if name in self.fixed else name

    def schema(self) -> pa.Schema:
        """Return the types of all columns."""
        lists = {IMAGES, DETECTIONS}
        names = (*self.fixed, *map(self.meta_name, self.meta))
        return pa.schema(
            [(name, pa.list_(pa.string()) if name in lists else pa.string()) for name in names]
        )


def build_inventory(
    events: Iterable[ReviewedEvent], columns: InventoryColumns, paths: PhotoPaths
) -> Inventory:
    """Return one row per event, or several where a multi-label label has several classes.

    A label that nobody answered has the class of the inventory that the review was loaded with, if
    any. It is missing where people are not sure, or disagree.
    """
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    for one in events:
        why = _unusable(one.event)
        if why:
            left_out[why] += 1
        else:
            rows += _rows(one, columns, paths)
    table = pa.Table.from_pylist(rows, columns.schema())
    names = [label.name for label in columns.labels]
    labels = tuple(name for name in names if table[name].null_count < table.num_rows)
    table = table.drop_columns([name for name in names if name not in labels])
    return Inventory(table, labels, paths.root, dict(left_out))


def _unusable(event: ReviewEvent) -> str | None:
    if not event.photos:
        return NO_PHOTO
    texts = (event.id, *(photo.path for photo in event.photos))
    return None if all(map(_is_unicode, texts)) else NOT_UNICODE


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _rows(one: ReviewedEvent, columns: InventoryColumns, paths: PhotoPaths) -> list[dict[str, Any]]:
    classes = {label.name: label_classes(one, label.name) for label in columns.labels}
    observations = max(1, *map(len, classes.values()))
    shared = _shared(one, columns, paths)
    return [
        {**shared, **{name: _class_at(found, number) for name, found in classes.items()}}
        for number in range(observations)
    ]


def label_classes(one: ReviewedEvent, label: str) -> tuple[str, ...]:
    """Return the classes of a label, () for none."""
    if label not in one.verdicts:
        prediction = one.event.predictions.get(label)
        return (prediction.truth,) if prediction and prediction.truth else ()
    verdict = one.verdicts[label]
    return (verdict.classes if verdict else None) or ()


def _class_at(classes: Sequence[str], number: int) -> str | None:
    return classes[min(number, len(classes) - 1)] if classes else None


def _shared(one: ReviewedEvent, columns: InventoryColumns, paths: PhotoPaths) -> dict[str, Any]:
    event = one.event
    found = [verdict for verdict in one.verdicts.values() if verdict]
    names = dict.fromkeys(name for verdict in found for name in verdict.reviewers)
    return {
        **{columns.meta_name(name): event.meta.get(name) for name in columns.meta},
        EVENT_ID: event.id,
        IMAGES: paths.relative(event),
        LOCATION: event.place or None,
        DATETIME: event.time or None,
        REVIEWED_BY: _SEPARATOR.join(names) or None,
        REVIEWED_AT: max((verdict.made_at for verdict in found), default=None),
        **({DETECTIONS: _boxes(event)} if columns.has_boxes else {}),
    }


def _boxes(event: ReviewEvent) -> list[str | None]:
    """Return the boxes of each photo without the model's classes, which are no truth."""
    return [detections_to_json([_plain(box) for box in photo.boxes]) for photo in event.photos]


def _plain(box: LabelledBox) -> LabelledBox:
    return replace(box, labels={})
