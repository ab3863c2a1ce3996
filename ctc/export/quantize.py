"""Static quantization of weights and activations to 8 bits, per channel for weights.

https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto

from ctc.errors import CtcError, InputError
from ctc.export.activation_ranges import PhotoBatches, Ranges, activation_ranges
from ctc.export.graph import copy_model, filter_layers, head_nodes, infer_shapes
from ctc.export.quantizable_nodes import nodes_to_quantize
from ctc.export.sensitivity import sort_by_sensitivity

_SENSITIVITY_BATCHES = 2
"""Batches of photos to measure the sensitivity of layers with."""


@dataclass(frozen=True)
class QuantizedModel:
    """A quantized model.

    `calibration_photos`: their number; `quantized_layers`: how many of its `layers` are quantized.
    """

    model: ModelProto
    calibration_photos: int
    layers: int
    quantized_layers: int


def quantized_candidates(model: ModelProto, photos: PhotoBatches) -> Iterator[QuantizedModel]:
    """Yield quantized versions of `model`, the output of `simplify`.

    The first has all layers quantized for the activation ranges on `photos`; each further one has
    twice as many layers in float, the most sensitive first. Raises CtcError when there is no layer
    to quantize, or no photo.
    """
    nodes = nodes_to_quantize(model.graph)
    layers = filter_layers(nodes)
    if not layers:
        raise CtcError(
            "the network has no layer that can compute with 8 bits: export float16 or float32"
        )
    ranges, count = activation_ranges(model, _float_values(model, nodes), photos)
    if not count:
        raise InputError(
            "the dataset's train split has no photo to calibrate int8 on: export float16 or float32"
        )
    total = len(layers) + len(filter_layers(head_nodes(model.graph)))
    yield QuantizedModel(quantize(model, nodes, ranges), count, total, len(layers))
    order = sort_by_sensitivity(model, layers, ranges, list(islice(photos, _SENSITIVITY_BATCHES)))
    in_float = 1
    while in_float < len(layers):
        nodes = nodes_to_quantize(model.graph, order[:in_float])
        yield QuantizedModel(quantize(model, nodes, ranges), count, total, len(layers) - in_float)
        in_float *= 2


def quantize(model: ModelProto, nodes: Iterable[NodeProto], value_ranges: Ranges) -> ModelProto:
    """Return the model with `nodes` quantized (QDQ): uint8 activations, int8 weights."""
    from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType, TensorsData

    limits = {
        name: (np.float32(low), np.float32(high)) for name, (low, high) in value_ranges.items()
    }
    chosen = list(nodes)
    quantizer = QDQQuantizer(
        copy_model(model),
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, limits),
        nodes_to_quantize=[node.name for node in chosen],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({node.op_type for node in chosen}),
        extra_options={},
    )
    quantized: ModelProto = quantizer.quantize_model()
    quantizer.model.topological_sort()
    return infer_shapes(quantized)


def _float_values(model: ModelProto, nodes: Iterable[NodeProto]) -> list[str]:
    """Return the float inputs and outputs of `nodes`, without constants."""
    floats = {
        value.name
        for value in model.graph.value_info
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    return sorted(floats & {name for node in nodes for name in (*node.input, *node.output)})
