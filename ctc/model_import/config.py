"""The configuration of an import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctc.artifacts.model.preprocessing import ResizeMode
from ctc.export.config import CALIBRATION_PHOTOS, MIN_AGREEMENT, ExportPrecision

Layout = Literal["nchw", "nhwc"]
Channels = Literal["rgb", "bgr"]
Activation = Literal["softmax", "sigmoid", "none"]
Triple = tuple[float, float, float]

DEFAULT_LABEL = "species"
DEFAULT_SCALE = 255.0
LAST_LAYER = "auto"
"""The name that `--features` takes for the input of the last layer, or for the only output of a
network that doesn't end with a layer."""


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """What options, files and the graph may say of a foreign network; None for nothing.

    `size`: (height, width) in pixels. The network is given pixels / `scale`, then minus `mean`,
    divided by `std`, both in the order of `channels`. `features`: the name of an output or an inner
    tensor, or LAST_LAYER.
    """

    size: tuple[int, int] | None = None
    resize: ResizeMode | None = None
    scale: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    layout: Layout | None = None
    channels: Channels | None = None
    activation: Activation | None = None
    input_name: str | None = None
    output_name: str | None = None
    features: str | None = None
    licence: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class ImportConfig(NetworkFacts):
    """The configuration of an import; None where the network or a file beside it may say it.

    `network`: a path or URL. `classes`: a file, see `metadata.class_file`. `label`: the name of the
    output. `photos`: a folder for the comparison with the original network; None for drawn
    pictures. `calibration_photos`: a folder for int8. `min_agreement`: see `ExportConfig`.
    """

    network: Path
    output: Path
    classes: Path | None = None
    label: str = DEFAULT_LABEL
    photos: Path | None = None
    precision: ExportPrecision = "float32"
    calibration_photos: Path | None = None
    max_calibration_photos: int = CALIBRATION_PHOTOS
    min_agreement: float | None = None

    @property
    def required_agreement(self) -> float:
        """The given agreement, or the default of the precision."""
        return MIN_AGREEMENT[self.precision] if self.min_agreement is None else self.min_agreement
