"""Birder's metadata: `NAME.onnx_metadata.json`, which its `convert-model --onnx` writes.

Read in the package `birder` 0.8.4, `birder/tools/convert_model.py` and
`birder/data/transforms/classification.py`: `class_to_idx` (name → number), `rgb_stats` (`mean` and
`std` of pixels / 255), `signature.inputs[0].data_shape` (N, channels, height, width), `task`. The
answers are logits; photos are stretched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.errors import InputError, shorten
from ctc.model_import.description import Description
from ctc.model_import.metadata.fields import (
    classes_by_number,
    get_table,
    get_text,
    get_triple,
    parse_size,
)

_TASK = "image_classification"


def describe(data: Mapping[str, Any], path: Path) -> Description | None:
    """Return what the file says, None if it is not Birder's; raises InputError for a detector."""
    if "birder_version" not in data or "rgb_stats" not in data:
        return None
    task = get_text(data, "task")
    if task not in (None, _TASK):
        raise InputError(
            f"'{path}' says that the network's task is '{shorten(task)}': `ctc import` takes "
            "classifiers"
        )
    stats = get_table(data, "rgb_stats", path)
    return Description(
        path.name,
        classes=classes_of(data, path),
        size=_size(data, path),
        resize="stretch",
        scale=255.0,
        mean=get_triple(stats, "mean", path),
        std=get_triple(stats, "std", path),
        source=f"Birder {data['birder_version']}",
    )


def classes_of(data: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """Return the classes of `class_to_idx`, None without."""
    found = get_table(data, "class_to_idx", path)
    return classes_by_number(found, path) if found else None


def _size(data: Mapping[str, Any], path: Path) -> tuple[int, int] | None:
    inputs = get_table(data, "signature", path).get("inputs")
    if not isinstance(inputs, list) or not inputs or not isinstance(inputs[0], dict):
        return None
    shape = inputs[0].get("data_shape")
    if not isinstance(shape, list) or len(shape) != 4:
        return None
    return parse_size(shape[2:], "data_shape", path)
