"""From a trained network to the one file that predicts."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from ctc._version import __version__
from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.run import RunInfo
from ctc.errors import CtcError
from ctc.export.config import ExportConfig, ExportPrecision
from ctc.export.convert import to_onnx
from ctc.export.float16 import to_float16
from ctc.export.parity import Parity, PredictFn, compare, onnx_predict_fn, run_model
from ctc.export.quantize import quantized_candidates
from ctc.export.sample import calibration_photos, held_out_photos
from ctc.export.simplify import simplify
from ctc.storage.atomic import atomic_write

TOLERANCE = 1e-4
"""How far a probability may be from the trained network's in float32, where nothing is rounded on
purpose."""

_REMEDIES: Mapping[ExportPrecision, str] = {
    "float32": "train with another backbone",
    "float16": "export float32",
    "int8": "raise --calibration-photos, lower --min-agreement, or export float16",
}


@dataclass(frozen=True)
class Candidate:
    """A model that may be written, and what its provenance says of how it was made."""

    model: onnx.ModelProto
    quantization: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportResult:
    """What was written: the file, its size, how it was made, and how far it is from the trained
    network."""

    output: Path
    size_bytes: int
    quantization: Mapping[str, Any]
    parity: Parity

    def lines(self) -> Iterator[str]:
        """What to tell of it."""
        layers = (
            f", {self.quantization['quantized_layers']} of {self.quantization['layers']} layers with 8 bits"
            if self.quantization
            else ""
        )
        yield f"'{self.output}': {self.size_bytes / 1e6:.1f} MB{layers}"
        yield from self.parity.lines()


def export_model(
    network: keras.Model, info: RunInfo, dataset: Dataset, output: Path, config: ExportConfig
) -> ExportResult:
    """Convert, compare with the network on held-out photos, and write `output` whole.

    Raises CtcError, and writes nothing, when the network can't be converted, when it agrees with
    what was made of it on fewer photos than `config` asks for, or in float32 when a probability
    differs by more than `TOLERANCE`."""
    photos = held_out_photos(dataset, info)
    labels = {label: len(classes) for label, classes in info.labels.items()}
    exact = to_onnx(network, labels, info.preprocessing.height, info.preprocessing.width)
    expected = run_model(_keras_predict_fn(network), photos.labelled_batches())
    refused = []
    for candidate in _candidates(exact, info, dataset, config):
        parity = compare(
            expected,
            run_model(onnx_predict_fn(candidate.model), photos.labelled_batches()),
            photos.split,
        )
        if _rejection_reason(parity, config) is None:
            return _write(candidate, info, parity, output, config)
        refused.append(parity)
    best = max(refused, key=lambda parity: parity.agreement)
    raise CtcError(
        f"{_rejection_reason(best, config)}: '{output}' was not written; {_REMEDIES[config.precision]}"
    )


def _candidates(
    exact: onnx.ModelProto, info: RunInfo, dataset: Dataset, config: ExportConfig
) -> Iterator[Candidate]:
    """What may be written, the fastest first."""
    simple = simplify(exact)
    if config.precision == "float32":
        yield Candidate(simple)
    elif config.precision == "float16":
        yield Candidate(to_float16(simple))
    else:
        for one in quantized_candidates(
            simple, calibration_photos(dataset, info, config.calibration_photos)
        ):
            made = {
                "calibration_photos": one.calibration_photos,
                "layers": one.layers,
                "quantized_layers": one.quantized_layers,
            }
            yield Candidate(one.model, made)


def _rejection_reason(parity: Parity, config: ExportConfig) -> str | None:
    """Why a model isn't good enough; None when it is."""
    where = f"on {parity.photos} photos of the split '{parity.split}'"
    if not np.isfinite(parity.largest_difference):
        return f"the {config.precision} model differs from the trained network by {parity.largest_difference} {where}"
    if config.precision == "float32" and parity.largest_difference > TOLERANCE:
        return f"the converted network differs from the trained one by {parity.largest_difference:.2g} {where}, more than {TOLERANCE:g}"
    if parity.agreement < config.required_agreement:
        label = min(parity.labels, key=lambda label: parity.labels[label].agreement)
        return (
            f"the {config.precision} model gives the same '{label}' as the trained network for {parity.agreement:.1%} {where}, "
            f"less than {config.required_agreement:.1%}"
        )
    return None


def _write(
    candidate: Candidate, info: RunInfo, parity: Parity, output: Path, config: ExportConfig
) -> ExportResult:
    model = candidate.model
    provenance = _provenance(
        info, parity, {"precision": config.precision, **candidate.quantization}
    )
    about = ModelInfo(
        info.labels, info.preprocessing, provenance=provenance, multi_label=info.multi_label
    )
    onnx.helper.set_model_props(model, about.to_metadata())
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    onnx.checker.check_model(model, full_check=True)
    with atomic_write(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
    return ExportResult(output, output.stat().st_size, candidate.quantization, parity)


def _keras_predict_fn(network: keras.Model) -> PredictFn:
    def answer(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return {
            label: np.asarray(values) for label, values in network(images, training=False).items()
        }

    return answer


def _provenance(info: RunInfo, parity: Parity, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where the file comes from, without paths of the machine."""
    tools = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")
    return {
        "backbone": info.backbone,
        "dataset": info.dataset["fingerprint"],
        "seed": info.seed,
        **settings,
        "parity": parity.to_json(),
        "trained_with": dict(info.versions),
        "exported_with": {"ctc": __version__}
        | {name: v for name in tools if (v := _installed_version(name))},
    }


def _installed_version(module: str) -> str | None:
    """The version of an importable module, whichever distribution brings it."""
    for distribution in importlib.metadata.packages_distributions().get(module, ()):
        return importlib.metadata.version(distribution)
    return None
