"""The seam between ctc and its plugins: everything a plugin author imports."""

from ctc.plugin.hookspecs import ENTRY_POINT_GROUP, hookimpl
from ctc.plugin.records import (
    NO_AUGMENTATION,
    Aggregation,
    Augmentation,
    Backbone,
    Batch,
    BatchStream,
    DrawWeights,
    InputFormat,
    LeftOut,
    Loader,
    LoaderConfig,
    Observation,
    Option,
    OutputContext,
    OutputFormat,
    Pretrained,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "NO_AUGMENTATION",
    "Aggregation",
    "Augmentation",
    "Backbone",
    "Batch",
    "BatchStream",
    "DrawWeights",
    "InputFormat",
    "LeftOut",
    "Loader",
    "LoaderConfig",
    "Observation",
    "Option",
    "OutputContext",
    "OutputFormat",
    "Pretrained",
    "hookimpl",
]
