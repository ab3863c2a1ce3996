"""The aggregation that a model learnt, which is the default where it has one."""

from __future__ import annotations

from pathlib import Path

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.artifacts.model.pooling import ATTENTION
from ctc.errors import InputError, UsageError
from ctc.plugin import Aggregation
from ctc.storage.remote_files import local_copy

AUTO = "auto"
"""In place of the name of an aggregation: that which the model learnt, else MEAN."""
MEAN = "mean"


def own_aggregation(
    name: str, info: ModelInfo, *, detector: bool = False, flips: bool = False
) -> str:
    """Return the name of the aggregation, AUTO resolved.

    A learnt one is for whole photos without flips, as it was fitted.
    """
    if name != AUTO:
        return name
    return ATTENTION if info.pooling and not detector and not flips else MEAN


def read_own_aggregation(name: str, model: Path, *, detector: bool, flips: bool) -> str:
    """Return `own_aggregation` of a model file."""
    if name != AUTO:
        return name
    try:
        info = ModelInfo.from_metadata(read_onnx_metadata(local_copy(model)))
    except (InputError, OSError):
        return MEAN  # opening the model says what is wrong with it
    return own_aggregation(name, info, detector=detector, flips=flips)


def check_pooling(info: ModelInfo, aggregation: Aggregation) -> None:
    """Raise UsageError for an aggregation of attention that the model did not learn."""
    if aggregation.needs_attention and info.pooling is None:
        raise UsageError(
            f"--aggregation {aggregation.name}: the model has no learnt pooling: fit one to a "
            "model with features by `ctc calibrate`, or take another aggregation"
        )


def check_whole_photos(aggregation: Aggregation, detector: bool) -> None:
    """Raise UsageError for an aggregation of attention with the boxes of a detector."""
    if aggregation.needs_attention and detector:
        raise UsageError(
            f"--aggregation {aggregation.name} is for whole photos: leave it out, or --detector"
        )
