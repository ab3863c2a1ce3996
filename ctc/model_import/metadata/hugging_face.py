"""Hugging Face's config.json, preprocessor_config.json and model card.

https://huggingface.co/docs/transformers/main_classes/configuration (`id2label`, `problem_type`),
https://huggingface.co/docs/transformers/main_classes/image_processor (`do_resize`, `size`,
`do_center_crop`, `crop_size`, `do_rescale`, `rescale_factor`, `do_normalize`, `image_mean`,
`image_std`) and https://huggingface.co/docs/hub/model-cards (`license` in the front matter).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.model.preprocessing import ResizeMode
from ctc.errors import InputError
from ctc.model_import.config import Triple
from ctc.model_import.description import Description
from ctc.model_import.metadata.fields import (
    classes_by_number,
    get_number,
    get_table,
    get_text,
    get_triple,
    parse_size,
    read_text,
)

_PLACEHOLDER = re.compile(r"LABEL_\d+")
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---", re.DOTALL)
_LICENCE = re.compile(r"^license:[ \t]*['\"]?([\w.+-]+)['\"]?[ \t]*$", re.MULTILINE)
_LICENCE_NAME = re.compile(r"^license_name:[ \t]*['\"]?([\w.+ -]+?)['\"]?[ \t]*$", re.MULTILINE)
_CONVNEXT_WARPS_FROM = 384


def describe_config(data: Mapping[str, Any], path: Path) -> Description | None:
    """Return what a config.json says, None if it is not of a Hugging Face network."""
    if "model_type" not in data and "id2label" not in data:
        return None
    several = get_text(data, "problem_type") == "multi_label_classification"
    return Description(
        path.name,
        classes=classes_of(data, path),
        activation="sigmoid" if several else None,
        size=_image_size(data, path),
        source=get_text(data, "_name_or_path"),
    )


def _image_size(data: Mapping[str, Any], path: Path) -> tuple[int, int] | None:
    found = data.get("image_size")
    return None if found is None else parse_size(found, "image_size", path)


def classes_of(data: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """Return the classes of `id2label`; None without, or for placeholders as LABEL_0."""
    found = get_table(data, "id2label", path)
    if not found or all(_PLACEHOLDER.fullmatch(str(name)) for name in found.values()):
        return None
    return classes_by_number({str(key): str(name) for key, name in found.items()}, path)


def describe_preprocessor(data: Mapping[str, Any], path: Path) -> Description | None:
    """Return what a preprocessor_config.json says, None if it is not one of photos."""
    if not {"image_mean", "do_normalize", "do_rescale", "do_resize"} & data.keys():
        return None
    size, resize = _size_and_resize(data, path)
    scale, mean, std = _standardisation(data, path)
    return Description(
        path.name,
        size=size,
        resize=resize,
        scale=scale,
        mean=mean,
        std=std,
        channels="bgr" if data.get("do_flip_channel_order") is True else None,
    )


def _size_and_resize(
    data: Mapping[str, Any], path: Path
) -> tuple[tuple[int, int] | None, ResizeMode | None]:
    crop = data.get("crop_size") if data.get("do_center_crop") is True else None
    if crop is not None:
        return _parse_sides(crop, "crop_size", path), "fit-crop"
    if data.get("do_resize") is False or data.get("size") is None:
        return None, None
    size = data["size"]
    if isinstance(size, dict) and "shortest_edge" in size and "height" not in size:
        edge = size["shortest_edge"]
        sides = parse_size(edge, "size", path)
        crops = "crop_pct" in data and sides[0] < _CONVNEXT_WARPS_FROM
        return sides, "fit-crop" if crops or "crop_pct" not in data else "stretch"
    if isinstance(size, dict) and "longest_edge" in size and "height" not in size:
        return parse_size(size["longest_edge"], "size", path), "letterbox"
    return _parse_sides(size, "size", path), "stretch"


def _parse_sides(found: Any, name: str, path: Path) -> tuple[int, int]:
    if isinstance(found, dict):
        try:
            found = [found["height"], found["width"]]
        except KeyError as missing:
            raise InputError(f"'{name}' in '{path}' has no {missing}") from None
    return parse_size(found, name, path)


def _standardisation(
    data: Mapping[str, Any], path: Path
) -> tuple[float, Triple | None, Triple | None]:
    factor = get_number(data, "rescale_factor", path) or 1 / 255
    scale = 1.0 if data.get("do_rescale") is False else 1 / factor
    if abs(scale - round(scale)) < 1e-6 * scale:
        scale = float(round(scale))  # 1/255 is written as 0.00392156862745098
    mean: Triple | None = None
    std: Triple | None = None
    if data.get("do_normalize") is not False:
        mean, std = get_triple(data, "image_mean", path), get_triple(data, "image_std", path)
    if data.get("rescale_offset") is True:
        red, green, blue = mean or (0.0, 0.0, 0.0)
        mean = (red + 1, green + 1, blue + 1)
    return scale, mean or (0.0, 0.0, 0.0), std or (1.0, 1.0, 1.0)


def describe_card(path: Path) -> Description | None:
    """Return the licence in the front matter of a README.md, None without."""
    front = _FRONT_MATTER.match(read_text(path))
    if front is None:
        return None
    found = _LICENCE.search(front[1])
    if found is None:
        return None
    named = _LICENCE_NAME.search(front[1]) if found[1] == "other" else None
    return Description(path.name, licence=named[1] if named else found[1])
