"""Whether one entry of an input format is sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ctc.plugin.records import LeftOut, Observation
from ctc.testing.expect import expect

_RESERVED = {"event_id", "images"}


def check_entry(entry: Observation | LeftOut) -> None:
    """Raise AssertionError, which names the event, for an entry that is none, or holds something of
    the wrong kind."""
    if isinstance(entry, LeftOut):
        texts = all(isinstance(text, str) and text.strip() for text in (entry.where, entry.reason))
        expect(
            texts,
            f"read() left out {entry.where!r} for {entry.reason!r}: both are text that a user understands",
        )
        return
    expect(
        isinstance(entry, Observation),
        f"read() gave a {type(entry).__name__}, not an Observation or a LeftOut",
    )
    event = entry.event_id
    expect(isinstance(event, str) and event != "", f"the event id {event!r} is not text")
    with _name_event_in_errors(event):
        _check_images(entry.images)
        for name, answer in entry.labels.items():
            _check_name(name)
            is_class = answer is None or (isinstance(answer, str) and answer != "")
            expect(is_class, f"the label '{name}' is {answer!r}, not a class or None")
        for name, value in entry.meta.items():
            _check_name(name)
            _check_meta(name, value, len(entry.images))
        twice = sorted(entry.labels.keys() & entry.meta.keys())
        expect(not twice, f"'{''.join(twice[:1])}' is a label and a meta column")


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
        expect("://" not in image, f"the image {image!r} is an address, not a path")


def _check_name(name: object) -> None:
    expect(isinstance(name, str) and name != "", f"the column {name!r} has no name of text")
    expect(name not in _RESERVED, f"no column can be called '{name}'")


def _check_meta(name: str, value: object, images: int) -> None:
    if isinstance(value, tuple):
        numbers = all(part is None or _is_number(part) for part in value)
        expect(numbers, f"the meta column '{name}' is {value!r}: a tuple holds numbers and None")
        expect(
            len(value) == images,
            f"the meta column '{name}' has {len(value)} values for {images} image(s)",
        )
    else:
        known = value is None or isinstance(value, str) or _is_number(value)
        expect(
            known,
            f"the meta column '{name}' is {value!r}, not text, a finite number, None or a tuple",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
