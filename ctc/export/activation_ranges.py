"""What flows through a network while it looks at photos."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ctc.artifacts.model_file import INPUT_NAME
from ctc.export.graph import copy_model
from ctc.export.session import open_session

PhotoBatches = Iterable[NDArray[np.uint8]]
"""Batches (N, height, width, 3), to be looked through any number of times."""

Ranges = Mapping[str, tuple[float, float]]


def activations(
    model: ModelProto, names: Collection[str], photos: PhotoBatches
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """The inner values `names`, of one photo after the other: memory doesn't grow with their
    number."""
    watched = copy_model(model)
    watched.graph.output.extend(value for value in watched.graph.value_info if value.name in names)
    session = open_session(watched)
    asked = list(names)
    for batch in photos:
        for photo in batch:
            yield dict(zip(asked, session.run(asked, {INPUT_NAME: photo[None]}), strict=True))


def activation_ranges(
    model: ModelProto, names: Collection[str], photos: PhotoBatches
) -> tuple[Ranges, int]:
    """The smallest and the largest number of each value over all photos, 0 among them, and how many
    photos there were."""
    found: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    count = 0
    for values in activations(model, names, photos):
        count += 1
        for name, numbers in values.items():
            low, high = found[name]
            found[name] = min(low, float(numbers.min())), max(high, float(numbers.max()))
    return found, count
