"""Metadata inside ONNX files of Ultralytics and animl, in `metadata_props`.

Ultralytics, https://github.com/ultralytics/ultralytics, `engine/exporter.py`: `task`, `names` (a
Python dict as text), `imgsz` (a Python list as text), `license`. A classifier gets pixels / 255 of
a photo whose shorter side fits, and its centre; `data/augment.py`, `classify_transforms`.

animl, https://github.com/conservationtechlab/animl-py, `classification.py`: `class_dict`, a JSON
object of number → name. A classifier gets the stretched photo's pixels / 255; its answers are
logits.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ctc.errors import InputError, shorten
from ctc.model_import.description import Description
from ctc.model_import.metadata.fields import classes_by_number, get_text, parse_size

_MAX_LITERAL = 20_000_000
"""Characters of a Python literal; parsing takes a hundred times their memory."""
_CLASSIFY = "classify"


def describe_props(props: Mapping[str, str], path: object) -> Iterator[Description]:
    """Yield what the metadata of an ONNX file says; raises InputError for a detector's."""
    if "names" in props and "task" in props:
        yield _ultralytics(props, path)
    if "class_dict" in props:
        yield _animl(props, path)


def _ultralytics(props: Mapping[str, str], path: object) -> Description:
    task = props["task"].strip()
    if task != _CLASSIFY:
        raise InputError(
            f"network '{path}' is one of Ultralytics for '{shorten(task)}', not a classifier: "
            "`ctc import` takes classifiers"
        )
    names = parse_literal(props["names"], "names", path)
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict):
        raise InputError(f"'names' in the metadata of '{path}' is no dictionary")
    sides = props.get("imgsz")
    return Description(
        "the metadata of Ultralytics in the file",
        classes=classes_by_number(names, path),
        size=parse_size(parse_literal(sides, "imgsz", path), "imgsz", path) if sides else None,
        resize="fit-crop",
        scale=255.0,
        licence=get_text(props, "license"),
        source=get_text(props, "description"),
    )


def _animl(props: Mapping[str, str], path: object) -> Description:
    try:
        found = json.loads(props["class_dict"])
    except (ValueError, RecursionError):
        raise InputError(f"'class_dict' in the metadata of '{path}' is not JSON") from None
    if not isinstance(found, dict):
        raise InputError(f"'class_dict' in the metadata of '{path}' is no object")
    return Description(
        "the metadata of animl in the file",
        classes=classes_by_number(found, path),
        resize="stretch",
        scale=255.0,
        activation="softmax",
    )


def parse_literal(text: str, name: str, path: object) -> Any:
    """Return the value of a Python literal, of limited length; nothing is executed.

    Raises InputError for anything else.
    """
    try:
        if len(text) > _MAX_LITERAL:
            raise ValueError
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise InputError(
            f"'{name}' in the metadata of '{path}' can't be read: '{shorten(text)}'"
        ) from None
