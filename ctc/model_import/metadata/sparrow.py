"""Sparrow's manifest.toml, of both generations, for classifiers.

Sparrow Engine 0.1.30: `[model]` with `file`; `[preprocessing]` with `method` (letterbox, resize),
`input_size`, `layout`, `normalization` (unit, imagenet, none), `channel_order`; `[postprocessing]`
with `method` (softmax, sigmoid; others are of detectors); `[labels]` with `file` and `format`. Its
older tools write `schema_version` and have the same tables below `[model]`, with `type` in place of
`method`: image_letterbox, image_resize_normalize; softmax.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.model.preprocessing import ResizeMode
from ctc.errors import InputError, shorten
from ctc.model_import.config import Activation, Channels, Layout, Triple
from ctc.model_import.description import Description
from ctc.model_import.metadata.class_file import read_lines
from ctc.model_import.metadata.fields import (
    classes_by_number,
    get_table,
    get_text,
    get_triple,
    parse_size,
    path_beside,
    read_toml,
)

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)
_RESIZE: Mapping[str, ResizeMode] = {
    "letterbox": "letterbox",
    "image_letterbox": "letterbox",
    "resize": "stretch",
    "image_resize_normalize": "stretch",
}
_ACTIVATION: Mapping[str, Activation] = {"softmax": "softmax", "sigmoid": "sigmoid"}
_LAYOUT: Mapping[str, Layout] = {"nchw": "nchw", "nhwc": "nhwc"}
_CHANNELS: Mapping[str, Channels] = {"rgb": "rgb", "bgr": "bgr"}


def describe(path: Path, network: str) -> Description | None:
    """Return what a manifest.toml says of the file named `network`, None if it is of another one.

    Raises InputError for a manifest of a detector, or one that can't be read.
    """
    data = read_toml(path)
    model = get_table(data, "model", path)
    if not model or get_text(model, "file") not in (None, network):
        return None
    tables = {
        name: get_table(data, name, path) or get_table(model, name, path)
        for name in ("preprocessing", "postprocessing", "labels")
    }
    after = _method(tables["postprocessing"])
    if after is not None and after not in _ACTIVATION:
        raise InputError(
            f"'{path}' says that the answers are read by '{shorten(after)}', those of a detector: "
            "`ctc import` takes classifiers"
        )
    before = tables["preprocessing"]
    scale, mean, std = _standardisation(before, path)
    size = before.get("input_size", before.get("size"))
    return Description(
        path.name,
        classes=_classes(tables["labels"], path),
        size=None if size is None else parse_size(size, "input_size", path),
        resize=_choose(_RESIZE, _method(before), "method", path),
        scale=scale,
        mean=mean,
        std=std,
        layout=_choose(_LAYOUT, get_text(before, "layout"), "layout", path),
        channels=_choose(_CHANNELS, get_text(before, "channel_order"), "channel_order", path),
        activation=None if after is None else _ACTIVATION[after],
        source=get_text(model, "id"),
        licence=get_text(model, "license"),
    )


def _method(table: Mapping[str, Any]) -> str | None:
    found = get_text(table, "method") or get_text(table, "type")
    return found.lower() if found else None


def _choose(choices: Mapping[str, Any], found: str | None, name: str, path: Path) -> Any:
    if found is None:
        return None
    if found.lower() not in choices:
        raise InputError(f"'{name}' in '{path}' is '{shorten(found)}', not {' or '.join(choices)}")
    return choices[found.lower()]


def _standardisation(
    table: Mapping[str, Any], path: Path
) -> tuple[float | None, Triple | None, Triple | None]:
    mean, std = get_triple(table, "mean", path), get_triple(table, "std", path)
    kind = get_text(table, "normalization")
    if kind is None:
        return (None if mean is None else 255.0), mean, std
    if kind not in ("unit", "imagenet", "none"):
        raise InputError(f"'normalization' in '{path}' is '{shorten(kind)}': ctc knows no such one")
    if kind == "imagenet":
        return 255.0, mean or IMAGENET_MEAN, std or IMAGENET_STD
    return (1.0 if kind == "none" else 255.0), mean or (0.0, 0.0, 0.0), std or (1.0, 1.0, 1.0)


def _classes(table: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    name = get_text(table, "file")
    if name is None:
        return None
    found = path_beside(path, name)
    lines, kind = read_lines(found), get_text(table, "format") or "one_per_line"
    if kind == "one_per_line":
        return lines
    pairs = dict[str, str]()
    for line in lines:
        start, _, end = line.rpartition(",") if kind == "name_index_csv" else line.partition(",")
        name_part, number = (start, end) if kind == "name_index_csv" else (end, start)
        if number.strip().isdecimal():  # a header is none
            pairs[number.strip()] = name_part.strip().strip('"')
    return classes_by_number(pairs, found)
