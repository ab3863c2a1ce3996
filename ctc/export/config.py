"""What an export is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ExportPrecision = Literal["float32", "float16", "int8"]

MIN_AGREEMENT: Mapping[ExportPrecision, float] = {"float32": 0.99, "float16": 0.99, "int8": 0.97}
CALIBRATION_PHOTOS = 512


@dataclass(frozen=True)
class ExportConfig:
    """`min_agreement`: the share of held-out photos (0–1) that must get the same top class as
    before, for every label; what suits the precision unless given. `calibration_photos`: how many
    train photos int8 is calibrated on, at most."""

    precision: ExportPrecision = "float32"
    min_agreement: float | None = None
    calibration_photos: int = CALIBRATION_PHOTOS

    @property
    def required_agreement(self) -> float:
        return MIN_AGREEMENT[self.precision] if self.min_agreement is None else self.min_agreement
