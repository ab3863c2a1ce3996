"""COCO Camera Traps, the format of LILA's data sets: https://lila.science/coco-camera-traps

An event is the images that share a `seq_id`, ordered by `frame_num`, then `datetime`; an image
without one is its own event. Its observations are the distinct categories of its images'
annotations (a box per animal gives one observation), with the largest count given. The category
"empty" is dropped when another image of the event shows something. Boxes are kept, all of them, in
the column `detections`, each with its class as `species`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import DETECTIONS, LabelledBox, detections_to_json
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.plugin.records import MetaValue

from . import duplicates
from .coco_tables import EMPTY, AnnotatedLabel, CocoTables, Image
from .json_entry import EntryError
from .json_stream import has_any_key, read_document


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="coco",
            summary="COCO Camera Traps (LILA): a JSON file with images, annotations and categories",
            source="FILE",
            recognizes=lambda path: has_any_key(path, "file_name"),
            read=read,
            default_image_root=lambda source, _: source.parent,
            options=(
                duplicates.OPTION,
                Option(
                    "category-0",
                    "Class of category 0, where the file does not name it as empty, "
                    "for which the format reserves it.",
                    metavar="CLASS",
                ),
            ),
            example="ctc inventory coco labels.json --image-root photos --output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a COCO Camera Traps file.

    Labels: `species` (the category's name) and, where any annotation has one, `count`. Meta:
    `datetime` and `location` of the event's first image.
    """
    tables = CocoTables(source, duplicates.should_keep_first(options), options["category_0"])
    add = {
        "images": tables.add_image,
        "categories": tables.add_category,
        "annotations": tables.add_annotation,
    }
    for key, entry in read_document(source, tuple(add)):
        try:
            left_out = add[key](entry) if key in add else None
        except EntryError as error:
            left_out = error.to_left_out()
        if left_out is not None:
            yield left_out
    yield from _observations(tables)


def _observations(tables: CocoTables) -> Iterator[Observation | LeftOut]:
    events, event_of = _group_by_event(tables)
    labels: dict[str, tuple[AnnotatedLabel, ...]] = {}
    boxes: dict[str, list[LabelledBox]] = {}
    for found in tables.annotations():
        if isinstance(found, LeftOut):
            yield found
        else:
            number, label, box = found
            event_id = event_of[number]
            labels[event_id] = _merge_labels(labels.get(event_id, ()), label)
            if box is not None:
                own = LabelledBox(box, label.category, {"species": label.category})
                boxes.setdefault(tables.path_of(number), []).append(own)
    has_counts = any(label.amount for merged in labels.values() for label in merged)
    for event_id, images in events.items():
        if event_id in labels:
            yield from _event_observations(event_id, images, labels[event_id], has_counts, boxes)
        else:
            yield from (LeftOut(image.path, "no annotation") for image in images)


def _group_by_event(tables: CocoTables) -> tuple[dict[str, list[Image]], dict[int, str]]:
    """Return the images of each event, and the event of each image by its number."""
    sequences = {image.sequence for _, _, image in tables.images()}
    events: dict[str, list[Image]] = {}
    event_of = {}
    for number, image_id, image in tables.images():
        own = f"image {image_id}" if image_id in sequences else image_id
        event_of[number] = image.sequence or own
        events.setdefault(event_of[number], []).append(image)
    return events, event_of


@lru_cache(maxsize=1 << 16)
def _merge_labels(
    labels: tuple[AnnotatedLabel, ...], new: AnnotatedLabel
) -> tuple[AnnotatedLabel, ...]:
    """Add a label to those of an event: one per category, in order of appearance.

    Cached so that millions of events share a few tuples.
    """
    counts = dict(labels)
    given = [count for count in (counts.get(new.category), new.amount) if count is not None]
    counts[new.category] = max(given, key=_leading_number, default=None)
    return tuple(AnnotatedLabel(*item) for item in counts.items())


def _leading_number(count: str) -> float:
    """Return the number that "3", "11-50" or "51+" begins with, −1 without one."""
    digits = re.match(r"\d+", count)
    return float(digits[0]) if digits else -1


def _event_observations(
    event_id: str,
    images: list[Image],
    labels: tuple[AnnotatedLabel, ...],
    has_counts: bool,
    boxes: Mapping[str, Sequence[LabelledBox]],
) -> Iterator[Observation]:
    images.sort(key=_time_sort_key)
    paths = tuple(image.path for image in images)
    meta: dict[str, MetaValue] = {
        "datetime": images[0].datetime,
        "location": images[0].location,
    }
    if boxes:
        meta[DETECTIONS] = tuple(detections_to_json(boxes.get(path, ())) for path in paths)
    seen = [label for label in labels if label.category != EMPTY] or labels
    for species, amount in seen:
        yield Observation(
            event_id, paths, {"species": species, **({"count": amount} if has_counts else {})}, meta
        )


def _time_sort_key(image: Image) -> tuple[bool, float, str]:
    return image.frame is None, image.frame or 0, image.datetime or ""
