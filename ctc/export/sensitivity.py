"""Which layers lose most by 8 bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from ctc.export.activation_ranges import PhotoBatches, Ranges, activations
from ctc.export.quantizable_nodes import values_around

QUANTIZATION_STEPS = 255


def sort_by_sensitivity(
    model: ModelProto, layers: Sequence[NodeProto], value_ranges: Ranges, photos: PhotoBatches
) -> list[str]:
    """The names of `layers`, those first around which a value loses most when it is rounded to 255
    steps of its range in `value_ranges`."""
    around = {
        layer.name: value_ranges.keys() & set(values_around(model.graph, layer)) for layer in layers
    }
    lost = _quantization_noise(model, value_ranges, photos)
    return sorted(around, key=lambda name: max(lost[value] for value in around[name]), reverse=True)


def _quantization_noise(
    model: ModelProto, value_ranges: Ranges, photos: PhotoBatches
) -> Mapping[str, float]:
    """Per value the noise of rounding over the signal, averaged over its channels and over the
    photos."""
    lost, count = defaultdict[str, float](float), 0
    for values in activations(model, list(value_ranges), photos):
        count += 1
        for name, numbers in values.items():
            lost[name] += noise_to_signal(numbers, *value_ranges[name])
    return {name: total / count for name, total in lost.items()}


def noise_to_signal(numbers: NDArray[np.float32], low: float, high: float) -> float:
    """The power of the error when `numbers` (1, channels, …) are rounded to 255 steps between `low`
    and `high`, over their own power; the mean over the channels."""
    step = max(high - low, 1e-12) / QUANTIZATION_STEPS
    rounded = np.rint(numbers.clip(low, high) / step) * step
    others = tuple(axis for axis in range(numbers.ndim) if axis != 1)
    noise = np.square(numbers - rounded).mean(axis=others)
    signal = np.square(numbers).mean(axis=others)
    return float(np.divide(noise, signal, out=np.zeros_like(noise), where=signal > 0).mean())
