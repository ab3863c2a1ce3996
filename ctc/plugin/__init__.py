"""The plugin API: everything that a plugin author imports."""

from ctc.artifacts.boxes import Box
from ctc.plugin.detection import Detector, DetectorResize, OutputShape, RawBoxes
from ctc.plugin.hookspecs import API_VERSION, ENTRY_POINT_GROUP, hookimpl
from ctc.plugin.loading import (
    NO_AUGMENTATION,
    Augmentation,
    Batch,
    BatchStream,
    Loader,
    LoaderConfig,
    SamplingWeights,
)
from ctc.plugin.option import Option
from ctc.plugin.records import (
    Aggregation,
    AggregationContext,
    Backbone,
    Engine,
    InputFormat,
    LeftOut,
    Observation,
    OutputContext,
    OutputFormat,
    Pretrained,
    Task,
)

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "NO_AUGMENTATION",
    "Aggregation",
    "AggregationContext",
    "Augmentation",
    "Backbone",
    "Batch",
    "BatchStream",
    "Box",
    "Detector",
    "DetectorResize",
    "Engine",
    "InputFormat",
    "LeftOut",
    "Loader",
    "LoaderConfig",
    "Observation",
    "Option",
    "OutputContext",
    "OutputFormat",
    "OutputShape",
    "Pretrained",
    "RawBoxes",
    "SamplingWeights",
    "Task",
    "hookimpl",
]
