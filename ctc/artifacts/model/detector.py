"""Metadata of a detector's ONNX file, in its `metadata_props`; every value is JSON.

ctc_format_version   1
detector             {"layout": "yolov5",
                      "categories": [{"name": "person", "type": "human"}, …],
                      "input": {"height", "width", "resize", "order", "channels", "scale",
                                "mean", "std"},
                      "min_confidence": 0.1, "max_iou": 0.45}
licence              "MIT", of the weights; null or absent if it is not known
source               {"name", "sha256", "url", …}: where the network is from
provenance           how it was made: precision, parity, …
ctc_version          "3.0.0"
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from ctc._version import __version__
from ctc.artifacts.boxes import CategoryType
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError, shorten

FORMAT_VERSION = 1
DETECTOR_KEY = "detector"
"""The key that tells a detector from a classifier."""

AxisOrder = Literal["nchw", "nhwc"]
ChannelOrder = Literal["rgb", "bgr"]
DEFAULT_MIN_CONFIDENCE = 0.1
DEFAULT_MAX_IOU = 0.45

_DAMAGED = (KeyError, ValueError, AttributeError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Category:
    """A category of a detector: its name, and Camtrap DP's observation type."""

    name: str
    type: CategoryType


@dataclass(frozen=True)
class DetectorInput:
    """The input of a detection network: how pixels become numbers.

    `height`, `width`: pixels. `resize`: `letterbox` or `stretch`. `order`: of the axes. A network
    that takes floats gets (pixel / scale − mean) / std, one that takes uint8 gets the pixels.
    """

    height: int
    width: int
    resize: Literal["letterbox", "stretch"] = "letterbox"
    order: AxisOrder = "nchw"
    channels: ChannelOrder = "rgb"
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes pixels of the input's size."""
        return Preprocessing(self.height, self.width, self.resize)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image, in the order of the axes."""
        if self.order == "nchw":
            return 3, self.height, self.width
        return self.height, self.width, 3


@dataclass(frozen=True)
class DetectorInfo:
    """The metadata of a detector's file.

    `layout`: the name of a detector plugin. `categories`: in the order of the network's numbers.
    `min_confidence`, `max_iou`: what `ctc detect` uses unless told otherwise, 0–1.
    """

    layout: str
    categories: tuple[Category, ...]
    input: DetectorInput
    min_confidence: float = DEFAULT_MIN_CONFIDENCE
    max_iou: float = DEFAULT_MAX_IOU
    licence: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    ctc_version: str = __version__

    def to_metadata(self) -> dict[str, str]:
        """Return the entries for `metadata_props`."""
        values = {
            "ctc_format_version": FORMAT_VERSION,
            DETECTOR_KEY: {
                "layout": self.layout,
                "categories": [asdict(one) for one in self.categories],
                "input": asdict(self.input),
                "min_confidence": self.min_confidence,
                "max_iou": self.max_iou,
            },
            "licence": self.licence,
            "source": dict(self.source),
            "provenance": dict(self.provenance),
            "ctc_version": self.ctc_version,
        }
        return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> DetectorInfo:
        """Parse `metadata_props` that have DETECTOR_KEY.

        Raises InputError for damaged ones, and for those of a newer ctc.
        """
        try:
            version = json.loads(metadata["ctc_format_version"])
            if not isinstance(version, int) or version > FORMAT_VERSION:
                raise InputError(
                    f"it has format version {version!r}, this ctc reads up to {FORMAT_VERSION}: "
                    "update ctc"
                )
            found = json.loads(metadata[DETECTOR_KEY])
            licence = json.loads(metadata.get("licence", "null"))
            return cls(
                str(found["layout"]),
                tuple(_parse_category(one) for one in found["categories"]),
                _parse_input(found["input"]),
                _parse_share(found, "min_confidence", DEFAULT_MIN_CONFIDENCE),
                _parse_share(found, "max_iou", DEFAULT_MAX_IOU),
                None if licence is None else str(licence),
                dict(json.loads(metadata.get("source", "{}"))),
                dict(json.loads(metadata.get("provenance", "{}"))),
                str(json.loads(metadata.get("ctc_version", '"unknown"'))),
            )
        except _DAMAGED as error:
            raise InputError(f"its metadata is damaged: {shorten(str(error))}") from None


def _parse_category(found: Mapping[str, Any]) -> Category:
    if found["type"] not in get_args(CategoryType) or not str(found["name"]).strip():
        raise ValueError(f"category {dict(found)!r}")
    str(found["name"]).encode()  # no lone surrogates
    return Category(str(found["name"]), found["type"])


def _parse_input(found: Mapping[str, Any]) -> DetectorInput:
    made = DetectorInput(
        int(found["height"]),
        int(found["width"]),
        found["resize"],
        found["order"],
        found["channels"],
        float(found["scale"]),
        _parse_triple(found["mean"]),
        _parse_triple(found["std"]),
    )
    sound = (
        1 <= made.height <= 8192
        and 1 <= made.width <= 8192
        and made.resize in ("letterbox", "stretch")
        and made.order in get_args(AxisOrder)
        and made.channels in get_args(ChannelOrder)
        and all(math.isfinite(one) for one in (made.scale, *made.mean, *made.std))
        and 0 not in (made.scale, *made.std)
    )
    if not sound:
        raise ValueError(f"input {dict(found)!r}")
    return made


def _parse_triple(found: Any) -> tuple[float, float, float]:
    first, second, third = map(float, found)
    return first, second, third


def _parse_share(found: Mapping[str, Any], name: str, default: float) -> float:
    value = float(found.get(name, default))
    if not 0 <= value <= 1:
        raise ValueError(f"{name} {value!r}")
    return value
