"""How far the exported model is from the trained network, on real photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ctc.artifacts.model_file import INPUT
from ctc.errors import InputError, MissingExtraError

Answer = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class Parity:
    """`largest_difference` of any probability (NaN when a model gives NaN); `agreement`: per label the share of photos with
    the same top class."""

    photos: int
    largest_difference: float
    agreement: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {
            "photos": self.photos,
            "largest_difference": self.largest_difference,
            "agreement": dict(self.agreement),
        }


def compare(trained: Answer, exported: Answer, batches: Iterable[NDArray[np.uint8]]) -> Parity:
    """Let both answer the same uint8 batches (N, height, width, 3). Raises InputError when there is no photo."""
    photos, largest, same = 0, 0.0, dict[str, int]()
    for images in batches:
        photos += len(images)
        wanted, found = trained(images), exported(images)
        for label, values in wanted.items():
            largest = float(np.maximum(largest, np.abs(values - found[label]).max()))  # NaN stays NaN
            same[label] = same.get(label, 0) + int((values.argmax(axis=1) == found[label].argmax(axis=1)).sum())
    if not photos:
        raise InputError("there is no photo to compare the exported model with the trained network on")
    return Parity(photos, largest, {label: count / photos for label, count in same.items()})


def onnx_answer(model: onnx.ModelProto) -> Answer:
    """The model as onnxruntime runs it on the CPU. Raises MissingExtraError without onnxruntime."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise MissingExtraError("checking an exported model", "cpu") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def answer(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {INPUT: images}), strict=True))

    return answer
