"""Preprocessing of a photo to the input of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ctc.errors import InputError, describe_damage

ResizeMode = Literal["stretch", "fit-crop", "letterbox"]
LoaderResize = Literal["stretch", "fit-crop"]
"""The ways that a training has."""
ImageChoice = Literal["random", "first", "all", "grayscale_stacking"]


@dataclass(frozen=True)
class Preprocessing:
    """How photos are turned into the input of a network.

    `height`, `width`: pixels. `resize`: `stretch`; `fit-crop` (keep the aspect ratio, crop the
    centre); or `letterbox` (keep the aspect ratio, fill the borders with grey), which only imported
    networks have. `image_choice`: how events were shown in training; only `grayscale_stacking`
    changes prediction. `crop_margin`: None for whole photos; else they were cropped to the square
    around a detector's box, extended on each side by this fraction of its longer side.
    """

    height: int
    width: int
    resize: ResizeMode = "stretch"
    image_choice: ImageChoice = "random"
    crop_margin: float | None = None

    @property
    def is_stacked(self) -> bool:
        """Whether the photos of an event are stacked into one grayscale image."""
        return self.image_choice == "grayscale_stacking"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocessing:
        """Parse a JSON object; raises InputError if a field is missing or has an invalid value."""
        try:
            margin = data.get("crop_margin")
            made = cls(
                int(data["height"]),
                int(data["width"]),
                data["resize"],
                data["image_choice"],
                None if margin is None else float(margin),
            )
        except (KeyError, TypeError, ValueError) as error:
            damage = describe_damage(error)
            raise InputError(f"preprocessing {dict(data)!r} is not valid: {damage}") from None
        sizes_fit = 1 <= made.height <= 8192 and 1 <= made.width <= 8192
        if (
            not sizes_fit
            or made.resize not in get_args(ResizeMode)
            or made.image_choice not in get_args(ImageChoice)
        ):
            raise InputError(f"preprocessing {dict(data)!r} is not valid")
        return made
