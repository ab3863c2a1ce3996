"""From a trained network to the one file that predicts."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from ctc._version import __version__
from ctc.artifacts.atomic import whole_file
from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.run import RunInfo
from ctc.errors import CtcError
from ctc.export.convert import to_onnx
from ctc.export.parity import Answer, Parity, compare, onnx_answer

TOLERANCE = 1e-4
Precision = Literal["float32"]


@dataclass(frozen=True)
class Report:
    """What was written: the file, its size, and how far it is from the trained network."""

    output: Path
    bytes: int
    parity: Parity


def export_model(
    network: keras.Model,
    info: RunInfo,
    photos: Iterable[NDArray[np.uint8]],
    output: Path,
    precision: Precision = "float32",
    tolerance: float = TOLERANCE,
) -> Report:
    """Convert, compare on `photos` (uint8 batches (N, height, width, 3)), and write `output` whole.

    Raises CtcError, and writes nothing, when the network can't be converted, or when a probability differs by more than
    `tolerance`.
    """
    size = info.preprocessing
    labels = {label: len(classes) for label, classes in info.labels.items()}
    model = to_onnx(network, labels, size.height, size.width)
    parity = compare(_keras_answer(network), onnx_answer(model), photos)
    if not parity.largest_difference <= tolerance:  # NaN is refused too
        raise CtcError(
            f"the converted network differs from the trained one by {parity.largest_difference:.2g} on {parity.photos} photos, "
            f"more than {tolerance:g}: '{output}' was not written; train with another backbone"
        )
    described = ModelInfo(info.labels, info.preprocessing, provenance=_provenance(info, precision, parity))
    onnx.helper.set_model_props(model, described.to_metadata())
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    with whole_file(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
    return Report(output, output.stat().st_size, parity)


def _keras_answer(network: keras.Model) -> Answer:
    def answer(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return {label: np.asarray(values) for label, values in network(images, training=False).items()}

    return answer


def _provenance(info: RunInfo, precision: Precision, parity: Parity) -> dict[str, Any]:
    """Where the file comes from, without paths of the machine."""
    made_with = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")
    return {
        "backbone": info.backbone,
        "dataset": info.dataset["fingerprint"],
        "seed": info.seed,
        "precision": precision,
        "parity": parity.to_json(),
        "trained_with": dict(info.versions),
        "exported_with": {"ctc": __version__} | {name: v for name in made_with if (v := _installed(name))},
    }


def _installed(module: str) -> str | None:
    """The version of an importable module, whichever distribution brings it."""
    for distribution in importlib.metadata.packages_distributions().get(module, ()):
        return importlib.metadata.version(distribution)
    return None
