"""Sensitivity of layers to quantization."""

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
    """Return the names of `layers`, the most sensitive first.

    The sensitivity of a layer is the largest noise-to-signal ratio of the values around it when
    they are rounded to 255 steps of their `value_ranges`.
    """
    around = {
        layer.name: value_ranges.keys() & set(values_around(model.graph, layer)) for layer in layers
    }
    noise = _quantization_noise(model, value_ranges, photos)
    return sorted(
        around, key=lambda name: max(noise[value] for value in around[name]), reverse=True
    )


def _quantization_noise(
    model: ModelProto, value_ranges: Ranges, photos: PhotoBatches
) -> Mapping[str, float]:
    """Return noise-to-signal ratios per value, averaged over channels and photos."""
    sums, count = defaultdict[str, float](float), 0
    for values in activations(model, list(value_ranges), photos):
        count += 1
        for name, numbers in values.items():
            sums[name] += noise_to_signal(numbers, *value_ranges[name])
    return {name: total / count for name, total in sums.items()}


def noise_to_signal(numbers: NDArray[np.float32], low: float, high: float) -> float:
    """Return the power of the rounding error over the power of `numbers` (1, channels, …).

    They are rounded to 255 steps between `low` and `high`; the ratio is the mean over channels.
    """
    step = max(high - low, 1e-12) / QUANTIZATION_STEPS
    rounded = np.rint(numbers.clip(low, high) / step) * step
    others = tuple(axis for axis in range(numbers.ndim) if axis != 1)
    noise = np.square(numbers - rounded).mean(axis=others)
    signal = np.square(numbers).mean(axis=others)
    return float(np.divide(noise, signal, out=np.zeros_like(noise), where=signal > 0).mean())
