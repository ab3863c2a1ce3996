"""The configuration of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ExportPrecision = Literal["float32", "float16", "int8"]

MIN_AGREEMENT: Mapping[ExportPrecision, float] = {"float32": 0.99, "float16": 0.99, "int8": 0.97}
CALIBRATION_PHOTOS = 512


@dataclass(frozen=True)
class ExportConfig:
    """The configuration of an export.

    `min_agreement`: the share of held-out photos (0–1) that must keep their top class, for every
    label; None for the default of the precision. `calibration_photos`: the maximum number of train
    photos for the calibration of int8. `features`: whether the model has the output `features`.
    """

    precision: ExportPrecision = "float32"
    min_agreement: float | None = None
    calibration_photos: int = CALIBRATION_PHOTOS
    features: bool = False

    @property
    def required_agreement(self) -> float:
        """The given agreement, or the default of the precision."""
        return MIN_AGREEMENT[self.precision] if self.min_agreement is None else self.min_agreement
