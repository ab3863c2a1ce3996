"""timm's config.json, as `timm.models.save_for_hf` and its Hugging Face repositories have it.

https://github.com/huggingface/pytorch-image-models, `timm/models/_hub.py` (`save_config_for_hf`)
and `timm/data/config.py` (`resolve_data_config`): `pretrained_cfg` has `input_size` (channels,
height, width), `mean` and `std` of pixels / 255, `crop_pct`, `crop_mode` and `license`;
`label_names` are in the order of the output, `label_descriptions` explain them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.model.preprocessing import ResizeMode
from ctc.model_import.description import Description
from ctc.model_import.metadata.fields import (
    class_list,
    classes_by_number,
    get_number,
    get_table,
    get_text,
    get_triple,
    parse_size,
)

_RESIZE: Mapping[str, ResizeMode] = {
    "center": "fit-crop",
    "squash": "stretch",
    "border": "letterbox",
}


def describe_config(data: Mapping[str, Any], path: Path) -> Description | None:
    """Return what a config.json says, None if it is not timm's."""
    if not is_timm(data):
        return None
    # repositories of older versions have the entries at the top
    config = {**data, **get_table(data, "pretrained_cfg", path)}
    size = config.get("input_size")
    mode = get_text(config, "crop_mode") or "center"
    share = get_number(config, "crop_pct", path)
    notes = []
    if share is not None and share < 1 and mode == "center":
        notes.append(
            f"timm shows this network the central {share:.1%} of a photo's shorter side, ctc all of"
            " it"
        )
    return Description(
        path.name,
        classes=classes_of(data, path),
        size=parse_size(size[1:], "input_size", path) if isinstance(size, list) else None,
        resize=_RESIZE.get(mode),
        scale=255.0,
        mean=get_triple(config, "mean", path),
        std=get_triple(config, "std", path),
        licence=get_text(config, "license"),
        source=get_text(data, "architecture"),
        notes=tuple(notes),
    )


def is_timm(data: Mapping[str, Any]) -> bool:
    """Return whether the content of a config.json is timm's."""
    return isinstance(data.get("architecture"), str) and (
        "pretrained_cfg" in data or "num_features" in data
    )


def classes_of(data: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """Return the classes, by their descriptions if these differ from each other; None without."""
    places = (data, get_table(data, "pretrained_cfg", path)) if is_timm(data) else ()
    for place in places:
        names = place.get("label_names")
        if not names:
            continue
        found = (
            classes_by_number(names, path)
            if isinstance(names, dict)
            else class_list(names, "label_names", path)
        )
        described = get_table(place, "label_descriptions", path)
        texts = tuple(str(described.get(name, name)) for name in found)
        return texts if len(set(texts)) == len(texts) else found
    return None
