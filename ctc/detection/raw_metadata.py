"""What the files of detectors that ctc did not write say of themselves.

Ultralytics' ONNX exports (https://github.com/ultralytics/ultralytics, `engine/exporter.py`) hold in
their metadata `task`, `names` (a Python dict as text), `imgsz` (a Python list as text), `license`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ctc.artifacts.model.detector import AxisOrder, ChannelOrder
from ctc.errors import InputError, shorten

_MAX_LITERAL = 1_000_000
"""Characters of a Python literal; parsing takes a hundred times their memory."""
_MAX_CATEGORIES = 100_000


@dataclass(frozen=True)
class RawDescription:
    """What one place says of a detector; None where it says nothing.

    `origin`: the place, for messages. `names`: those of the categories, in order. `layouts`: names
    of detector plugins that may fit. `size`: (height, width) in pixels. The rest as in
    `DetectorInput` and `DetectorInfo`.
    """

    origin: str
    names: tuple[str, ...] | None = None
    layouts: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    resize: Literal["letterbox", "stretch"] | None = None
    order: AxisOrder | None = None
    channels: ChannelOrder | None = None
    scale: float | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    min_confidence: float | None = None
    max_iou: float | None = None
    licence: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


def describe_ultralytics(metadata: Mapping[str, str]) -> RawDescription | None:
    """Return what Ultralytics wrote into the metadata, None without.

    Raises InputError for a network of another task, and for values that can't be read.
    """
    if "names" not in metadata or "task" not in metadata:
        return None
    task = metadata["task"].strip()
    if task != "detect":
        raise InputError(f"it is a network of Ultralytics for '{shorten(task)}', not a detector")
    sides = metadata.get("imgsz")
    return RawDescription(
        "the metadata of Ultralytics",
        names_by_number(parse_literal(metadata["names"], "names"), "names"),
        size=None if sides is None else parse_size(parse_literal(sides, "imgsz"), "imgsz"),
        scale=255.0,
        licence=metadata.get("license") or None,
        source={
            key: metadata[key] for key in ("description", "version", "author") if key in metadata
        },
    )


def parse_literal(text: str, name: str) -> Any:
    """Return the value of a Python literal of limited length; nothing is executed."""
    try:
        if len(text) > _MAX_LITERAL:
            raise ValueError
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise InputError(f"'{name}' of its metadata can't be read: '{shorten(text)}'") from None


def names_by_number(found: Any, name: str) -> tuple[str, ...]:
    """Return the names of [name, …] or {0: name, …}; raises InputError for gaps."""
    if isinstance(found, list | tuple):
        found = dict(enumerate(found))
    if (
        not isinstance(found, dict)
        or not 0 < len(found) <= _MAX_CATEGORIES
        or set(found) != set(range(len(found)))
    ):
        raise InputError(f"'{name}' of its metadata doesn't number its categories from 0")
    return tuple(str(found[number]).strip() or str(number) for number in range(len(found)))


def parse_size(found: Any, name: str) -> tuple[int, int]:
    """Return (height, width) of a number or two; raises InputError."""
    values = [found, found] if isinstance(found, int) else found
    if (
        not isinstance(values, list | tuple)
        or len(values) != 2
        or not all(isinstance(one, int) and 1 <= one <= 8192 for one in values)
    ):
        raise InputError(f"'{name}' of its metadata is {shorten(found)}, not a height and a width")
    return int(values[0]), int(values[1])
