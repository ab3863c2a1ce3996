"""Sparrow Engine's manifest.toml beside a detector, of both generations.

Version 0.1.30: `[model]` with `file`, `id`; `[preprocessing]` with `method` (letterbox, resize),
`input_size`, `layout`, `normalization` (unit, imagenet, none), `channel_order`; `[postprocessing]`
with `method` (yolo_e2e, megadet_v5a; softmax and sigmoid are of classifiers),
`confidence_threshold`, `iou_threshold`; `[labels]` with `file` and `format`. Its older tools write
the same tables below `[model]`, with `type` in place of `method`: image_letterbox,
image_resize_normalize; yolo_nms, rtdetr_topk.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ctc.detection.raw_metadata import RawDescription, names_by_number, parse_size
from ctc.errors import InputError, reason, shorten
from ctc.storage.paths import is_remote

NAME = "manifest.toml"
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "yolo_e2e": ("yolo-e2e",),
    "megadet_v5a": ("yolov5",),
    "yolo_nms": ("yolov8", "yolov5"),
    "rtdetr_topk": ("rtdetr", "dfine"),
}
_RESIZE = {
    "letterbox": "letterbox",
    "image_letterbox": "letterbox",
    "resize": "stretch",
    "image_resize_normalize": "stretch",
}
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_MAX_BYTES = 1_000_000


def describe_manifest(network: Path) -> RawDescription | None:
    """Return what the manifest beside a network says of it, None without one.

    Raises InputError for one that can't be read, or that says that the network is no detector.
    """
    path = network.parent / NAME
    if is_remote(network) or not path.is_file():
        return None
    data = _read(path)
    model = _table(data, "model", path)
    if not model or model.get("file") not in (None, network.name):
        return None
    before, after, labels = (
        _table(data, name, path) or _table(model, name, path)
        for name in ("preprocessing", "postprocessing", "labels")
    )
    method = _choice(after, ("method", "type"), LAYOUTS, path)
    normalization = _choice(
        before, ("normalization",), {"unit": "unit", "imagenet": "imagenet", "none": "none"}, path
    )
    mean, std = _IMAGENET if normalization == "imagenet" else (None, None)
    size = before.get("input_size", before.get("size"))
    return RawDescription(
        f"'{path}'",
        _names(labels, path),
        method or (),
        None if size is None else parse_size(size, "input_size"),
        _choice(before, ("method", "type"), _RESIZE, path),
        _choice(before, ("layout",), {"nchw": "nchw", "nhwc": "nhwc"}, path),
        _choice(before, ("channel_order",), {"rgb": "rgb", "bgr": "bgr"}, path),
        1.0 if normalization == "none" else 255.0,
        mean,
        std,
        _share(after, "confidence_threshold", path),
        _share(after, "iou_threshold", path),
        cast("str | None", model.get("license")),
        {"name": str(model["id"])} if "id" in model else {},
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"'{path}' is too large for a manifest")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None


def _table(data: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise InputError(f"'{name}' in '{path}' is not a table")
    return found


def _choice(
    table: Mapping[str, Any], names: tuple[str, ...], choices: Mapping[str, Any], path: Path
) -> Any:
    name = next((name for name in names if name in table), None)
    if name is None:
        return None
    found = str(table[name]).lower()
    if found not in choices:
        raise InputError(
            f"'{name}' in '{path}' is '{shorten(found)}', not {' or '.join(choices)} of a detector"
        )
    return choices[found]


def _share(table: Mapping[str, Any], name: str, path: Path) -> float | None:
    found = table.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise InputError(f"'{name}' in '{path}' is {shorten(found)}, not a number from 0 to 1")
    return float(found)


def _names(table: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    if "file" not in table:
        return None
    folder = path.absolute().parent.resolve()
    found = (folder / str(table["file"])).resolve()
    if not found.is_relative_to(folder) or not found.is_file():
        raise InputError(
            f"'{path}' names the categories of '{shorten(table['file'])}', which is not beside it"
        )
    try:
        lines = [line.strip() for line in found.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeError) as error:
        raise InputError(f"'{found}' can't be read: {reason(error)}") from None
    kind = table.get("format", "one_per_line")
    lines = [line for line in lines if line]
    if kind == "one_per_line":
        return tuple(lines)
    at = 1 if kind == "name_index_csv" else 0
    pairs = [line.split(",", 1) if at == 0 else line.rsplit(",", 1) for line in lines]
    numbered = {
        int(pair[at]): pair[1 - at].strip()
        for pair in pairs
        if len(pair) == 2 and pair[at].strip().isdecimal()
    }
    return names_by_number(numbered, found.name)
