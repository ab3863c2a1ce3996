"""Configuration of `ctc probe`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ctc.hardware import usable_cores
from ctc.runtime.config import RuntimeConfig

ViewName = Literal["original", "flip", "zoom"]
"""See `views.py`."""

ClassWeights = Literal["none", "sqrt", "balanced"]

DEFAULT_VIEWS: tuple[ViewName, ...] = ("original",)
DEFAULT_DRAWS = 10
FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class ProbeConfig:
    """What to fit, and how.

    `labels`: those to learn; `multi_label`: those of them that may have several classes at once.
    `views`: the views of each train photo to learn from. `cache`: the folder of the features, None
    for `<dataset>.features` beside the dataset. `aggregation`, `aggregation_options`: the plugin
    that combines the photos of an event, where accuracy is counted. `location`: the metadata column
    with an event's location. `shots`: numbers of events per class of the learning curve, each with
    `draws` draws. `false_alarms`: the share of events of known classes that may be called
    strangers; None for no strangers. `runtime` uses all CPU cores by default; without a batch size
    it is measured.
    """

    labels: tuple[str, ...]
    multi_label: tuple[str, ...] = ()
    class_weights: ClassWeights = "none"
    views: tuple[ViewName, ...] = DEFAULT_VIEWS
    cache: Path | None = None
    aggregation: str = "mean"
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    location: str = "location"
    shots: tuple[int, ...] = ()
    draws: int = DEFAULT_DRAWS
    false_alarms: float | None = FALSE_ALARMS
    seed: int = 0
    runtime: RuntimeConfig = field(default_factory=lambda: RuntimeConfig(threads=usable_cores()))
