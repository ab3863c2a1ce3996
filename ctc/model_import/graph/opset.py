"""Upgrade of old networks to the opset that ctc's own files have."""

from __future__ import annotations

import onnx
from onnx import ModelProto

from ctc.model_import.graph.weights import with_weights, without_weights
from ctc.model_import.graph.wrap import opset_version

OPSET = 18
MIN_OPSET = 9
"""The oldest opset in which the nodes that ctc adds mean what they mean today."""


def upgrade_opset(model: ModelProto) -> ModelProto | None:
    """Return the model in opset 18, None if it has that or a newer one, or can't be converted.

    https://onnx.ai/onnx/api/version_converter.html
    """
    if opset_version(model) >= OPSET:
        return None
    light, weights = without_weights(model)
    try:
        return with_weights(onnx.version_converter.convert_version(light, OPSET), weights)
    except (RuntimeError, ValueError, onnx.checker.ValidationError):
        return None  # it is imported as it is, if that is not too old
