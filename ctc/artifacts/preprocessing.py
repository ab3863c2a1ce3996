"""How a photo becomes the picture a network sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ctc.errors import InputError

ResizeMode = Literal["stretch", "fit-crop"]
ImageChoice = Literal["random", "first", "all", "grayscale_stacking"]


@dataclass(frozen=True)
class Preprocessing:
    """`height`, `width` in pixels; `resize`: `stretch`, or `fit-crop` (aspect kept, centre crop);
    `image_choice`: how the model was shown events in training (only `grayscale_stacking` changes
    what prediction does); `crop_margin`: photos were cut to the square around a detector's box,
    wider by this share of its longer side all round, or None for whole photos."""

    height: int
    width: int
    resize: ResizeMode = "stretch"
    image_choice: ImageChoice = "random"
    crop_margin: float | None = None

    @property
    def is_stacked(self) -> bool:
        """Whether the network sees the photos of an event as one picture."""
        return self.image_choice == "grayscale_stacking"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocessing:
        """Raises InputError when a field is missing or has a value of the wrong kind."""
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
            raise InputError(f"preprocessing {dict(data)!r} is not understood: {error!r}") from None
        sizes_fit = 1 <= made.height <= 8192 and 1 <= made.width <= 8192
        if (
            not sizes_fit
            or made.resize not in get_args(ResizeMode)
            or made.image_choice not in get_args(ImageChoice)
        ):
            raise InputError(f"preprocessing {dict(data)!r} is not understood")
        return made
