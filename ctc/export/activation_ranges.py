"""Activations of a network on photos, and their ranges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ctc.artifacts.model.file import INPUT_NAME
from ctc.export.graph import copy_model
from ctc.export.session import open_session

PhotoBatches = Iterable[NDArray[np.uint8]]
"""Batches (N, height, width, 3) that can be iterated repeatedly."""

Ranges = Mapping[str, tuple[float, float]]


def activations(
    model: ModelProto, names: Collection[str], photos: PhotoBatches
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Yield the intermediate values `names` for one photo at a time, in constant memory."""
    watched = copy_model(model)
    watched.graph.output.extend(value for value in watched.graph.value_info if value.name in names)
    session = open_session(watched)
    outputs = list(names)
    for batch in photos:
        for photo in batch:
            yield dict(zip(outputs, session.run(outputs, {INPUT_NAME: photo[None]}), strict=True))


def activation_ranges(
    model: ModelProto, names: Collection[str], photos: PhotoBatches
) -> tuple[Ranges, int]:
    """Return minimum and maximum of each value over all photos, 0 included, and the photo count."""
    found: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    count = 0
    for values in activations(model, names, photos):
        count += 1
        for name, numbers in values.items():
            low, high = found[name]
            found[name] = min(low, float(numbers.min())), max(high, float(numbers.max()))
    return found, count
