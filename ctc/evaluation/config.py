"""Configuration of `ctc evaluate`, `ctc calibrate` and `ctc report`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ctc.detection.detector import DetectionConfig
from ctc.detection.tiles import TileConfig
from ctc.hardware import usable_cores
from ctc.runtime.config import RuntimeConfig

CalibrationMethod = Literal["temperature", "vector"]
PromiseFor = Literal["new-locations", "same-locations"]

BATCH_SIZE = 16
FALSE_ALARMS = 0.05
THUMBNAIL_MEGABYTES = 15.0


@dataclass(frozen=True)
class ScoringConfig:
    """How a model predicts the photos of a dataset's split.

    `aggregation` names the plugin that combines an event's photos; 'auto': the one that the model
    learnt, else the mean. `location` is the metadata
    column with an event's location. `truth_labels`: by label of the predictions, the name of the
    ground truth's label, where it differs. `runtime` uses all CPU cores by default; without a batch
    size it is BATCH_SIZE, with a detector measured. `aggregation_options`: the options of the
    aggregation that are given, by key. `flips`: take the mean with the mirror image of each photo.
    """

    aggregation: str = "mean"
    location: str = "location"
    truth_labels: Mapping[str, str] = field(default_factory=dict)
    runtime: RuntimeConfig = field(
        default_factory=lambda: RuntimeConfig(batch_size=BATCH_SIZE, threads=usable_cores())
    )
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    flips: bool = False


@dataclass(frozen=True)
class ReportConfig:
    """Contents of a report.

    `megabytes` limits the size of all thumbnails together. `licence` is that of the model, None
    if unknown. `for_excel`: see `RowWriter`, for the CSV files.
    """

    megabytes: float = THUMBNAIL_MEGABYTES
    licence: str | None = None
    for_excel: bool = False


@dataclass(frozen=True)
class DetectorConfig:
    """A detector that finds the animals for a model: its file, what counts as a box, tiles, and
    whether it is asked after the model, see `ctc/inference/cascade.py`."""

    path: Path
    boxes: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = field(default_factory=TileConfig)
    cascade: bool = False


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate, and what to write about it.

    `run` is the folder of the training run that the model was exported from. `explain` is the
    number of events per label that get a saliency map. `detector` finds the animals first, and has
    no saliency maps. `taxonomy`: file with the lineages of classes, for figures by rank; None for
    those of the model, if it has any. `split`, `explain` and `detector` apply to models only,
    `image_root` (the folder that relative photo paths start from) to prediction files only.
    """

    split: str = "test"
    run: Path | None = None
    explain: int = 0
    image_root: Path | None = None
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    detector: DetectorConfig | None = None
    taxonomy: Path | None = None


@dataclass(frozen=True)
class CalibrateConfig:
    """What to fit, on which split.

    Each class's threshold reaches `precision` with the confidence level `confidence`, or with
    `joint` all thresholds together do. `promise_for`: the locations that promises are for; None for
    new ones where the split has several.
    `false_alarms`: the share of events of known classes that may be called strangers, for models
    with features; None for no strangers. `blank_loss`: the share of events with animals that may be
    dropped as blank, with the confidence level `confidence`; None for no promise about blanks.
    `detector`: finds the animals for the model; None for promises about whole photos alone.
    `taxonomy`: the file that says where classes stand in the tree of life; None for that of the
    model file, if it has one. `pooling`: fit how much each photo of an event counts, if the model
    has features and the aggregation is 'auto'.
    """

    split: str = "val"
    method: CalibrationMethod | Literal["auto"] = "auto"
    precision: float = 0.95
    confidence: float = 0.95
    joint: bool = False
    promise_for: PromiseFor | None = None
    false_alarms: float | None = FALSE_ALARMS
    blank_loss: float | None = None
    detector: DetectorConfig | None = None
    taxonomy: Path | None = None
    pooling: bool = True
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
