"""Checks of the values that functions of third-party records return.

A wrong value is reported at once, with the plugin's name, before it causes an error elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ctc.plugin.loading import Batch
from ctc.plugin.records import LeftOut, Observation

_RETURN_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "recognizes": ((bool,), "True or False"),
    "read": ((Iterable,), "an iterator of Observation and LeftOut"),
    "decode": ((list, tuple), "a list of RawBoxes"),
    "default_image_root": ((Path,), "a Path"),
    "available": ((str, type(None)), "None or a reason"),
    "epoch": ((Iterable,), "an iterator of Batch"),
    "map": ((Iterable,), "an iterator of (part, result)"),
}
YIELDED_TYPES: dict[str, tuple[type, ...]] = {
    "read": (Observation, LeftOut),
    "epoch": (Batch,),
    "map": (tuple,),
}
"""The functions that return an iterator, and the types of its entries."""
_STREAM_ATTRIBUTES = ("samples", "steps", "skipped", "epoch", "close")


def check_return_value(field: str, returned: Any, arguments: Sequence[Any]) -> str | None:
    """Return what is wrong with the value that the function `field` returned, or None."""
    types, expected = _RETURN_TYPES.get(field, ((object,), ""))
    if not isinstance(returned, types):
        return f"returned a {type(returned).__name__} from {field}(), not {expected}"
    if field == "open":
        return find_stream_fault(returned)
    if field == "build":
        return _network_fault(returned)
    if field == "write" and not arguments[1].exists():
        return "wrote nothing"
    return None


def check_yielded(field: str, entry: Any) -> str | None:
    """Return what is wrong with an entry that the function `field` yielded, or None."""
    types = YIELDED_TYPES[field]
    if not isinstance(entry, types):
        return (
            f"yielded a {type(entry).__name__}, not {' or '.join(kind.__name__ for kind in types)}"
        )
    if isinstance(entry, tuple) and len(entry) != 2:
        return f"yielded a tuple of {len(entry)}, not (part, result)"
    return _observation_fault(entry) if isinstance(entry, Observation) else None


def _observation_fault(entry: Any) -> str | None:
    if not isinstance(entry.event_id, str):
        return f"yielded an event id {entry.event_id!r} that is not text"
    if isinstance(entry.images, str) or not all(isinstance(image, str) for image in entry.images):
        return f"yielded the event '{entry.event_id}' whose images are not a tuple of text"
    wrong = [value for value in entry.labels.values() if not isinstance(value, str | None)]
    if not wrong:
        return None
    return f"yielded the event '{entry.event_id}' with a class {wrong[0]!r} that is not text"


def find_stream_fault(returned: Any) -> str | None:
    """Return what is wrong with what `Loader.open` returned, or None."""
    missing = [name for name in _STREAM_ATTRIBUTES if not hasattr(returned, name)]
    return (
        f"returned a {type(returned).__name__} from open() that has no {missing[0]}"
        if missing
        else None
    )


def _network_fault(returned: Any) -> str | None:
    """Check a keras.Model without importing Keras."""
    named = f"returned a {type(returned).__name__} from build()"
    if getattr(returned, "built", True) is False:
        return f"{named} that has no input yet: begin it with keras.Input"
    outputs = getattr(returned, "outputs", None) or [getattr(returned, "output", None)]
    shape = getattr(outputs[0], "shape", None)
    if shape is None or len(outputs) != 1:
        return f"{named}, not a keras.Model with one output"
    if len(shape) != 2 or shape[1] is None:
        features = f"features are {tuple(shape)}, not (None, channels)"
        return f"returned a network from build() whose {features}"
    return None
