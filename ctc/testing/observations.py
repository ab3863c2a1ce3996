"""Contract check of the entries that an input format yields."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ctc.artifacts.boxes import Box
from ctc.plugin.records import LeftOut, Observation
from ctc.reporting import counted
from ctc.testing.expect import expect

_RESERVED = {"event_id", "images"}


def check_entry(entry: Observation | LeftOut) -> None:
    """Raise AssertionError, which names the event, if an entry is not valid."""
    if isinstance(entry, LeftOut):
        texts = all(isinstance(text, str) and text.strip() for text in (entry.where, entry.reason))
        expect(
            texts,
            f"read() left out {entry.where!r} for {entry.reason!r}: both must be text for the user",
        )
        return
    expect(
        isinstance(entry, Observation),
        f"read() yielded a {type(entry).__name__}, not an Observation or a LeftOut",
    )
    event = entry.event_id
    expect(isinstance(event, str) and event != "", f"the event id {event!r} is not text")
    with _name_event_in_errors(event):
        _check_images(entry.images)
        for label, class_name in entry.labels.items():
            _check_name(label)
            is_class = class_name is None or (isinstance(class_name, str) and class_name != "")
            expect(is_class, f"the label '{label}' is {class_name!r}, not a class or None")
        for name, value in entry.meta.items():
            _check_name(name)
            _check_meta(name, value, len(entry.images))
        _check_boxes(entry.boxes, len(entry.images))
        both = sorted(entry.labels.keys() & entry.meta.keys())
        expect(not both, f"'{''.join(both[:1])}' is a label and a meta column")


@contextmanager
def _name_event_in_errors(event: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"event '{event}': {error}") from None


def _check_images(images: Any) -> None:
    expect(isinstance(images, tuple), f"its images are a {type(images).__name__}, not a tuple")
    expect(bool(images), "it has no image: yield a LeftOut")
    for image in images:
        expect(isinstance(image, str) and image != "", f"the image {image!r} is not a path as text")
        expect(
            "\\" not in image, f"the image {image!r} has a backslash: paths have forward slashes"
        )


def _check_name(name: object) -> None:
    expect(isinstance(name, str) and name != "", f"the column {name!r} has no text as its name")
    expect(name not in _RESERVED, f"a column must not be called '{name}'")


def _check_meta(name: str, value: object, images: int) -> None:
    if name == "datetime":
        _check_time(value)
    if isinstance(value, tuple):
        parts = [part for part in value if part is not None]
        alike = all(map(_is_number, parts)) or all(isinstance(part, str) for part in parts)
        expect(
            alike,
            f"the meta column '{name}' is {value!r}: a tuple holds text and None, or numbers and "
            "None",
        )
        expect(
            len(value) == images,
            f"the meta column '{name}' has {counted(len(value), 'value')} for "
            f"{counted(images, 'image')}",
        )
    else:
        known = value is None or isinstance(value, str) or _is_number(value)
        expect(
            known,
            f"the meta column '{name}' is {value!r}, not text, a finite number, None or a tuple",
        )


def _check_time(value: object) -> None:
    if value is None:
        return
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        raise AssertionError(
            f"the meta column 'datetime' is {value!r}, not a time like '2016-09-25T18:35:10'"
        ) from None


def _check_boxes(boxes: object, images: int) -> None:
    expect(
        isinstance(boxes, tuple) and all(isinstance(box, Box | None) for box in boxes),
        f"its boxes are {boxes!r}, not a tuple of Box and None",
    )
    assert isinstance(boxes, tuple)
    expect(
        len(boxes) in (0, images),
        f"it has {counted(len(boxes), 'box', 'boxes')} for {counted(images, 'image')}",
    )
    for box in filter(None, boxes):
        sides = box.x, box.y, box.width, box.height
        inside = all(_is_number(side) and 0 <= side <= 1 for side in sides)
        expect(inside, f"{box} has sides that are not fractions of the photo from 0 to 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
