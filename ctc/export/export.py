"""Export a trained network to a self-contained model file."""

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
from ctc.artifacts.model.file import FEATURES_OUTPUT, ModelInfo
from ctc.artifacts.run import RunInfo
from ctc.errors import CtcError
from ctc.export.config import ExportConfig, ExportPrecision
from ctc.export.convert import to_onnx, with_features
from ctc.export.float16 import to_float16
from ctc.export.parity import Parity, PredictFn, compare, onnx_predict_fn, run_model
from ctc.export.quantize import quantized_candidates
from ctc.export.sample import calibration_photos, held_out_photos
from ctc.export.simplify import simplify
from ctc.reporting import counted
from ctc.storage.atomic import atomic_write

TOLERANCE = 1e-4
"""Maximum difference of a float32 probability from that of the trained network, and of a feature
as a share of the largest."""

_REMEDIES: Mapping[ExportPrecision, str] = {
    "float32": "train with another backbone",
    "float16": "export float32",
    "int8": "raise --calibration-photos, lower --min-agreement, or export float16",
}


@dataclass(frozen=True)
class Candidate:
    """A model that may be written, and how it was quantized, for its provenance."""

    model: onnx.ModelProto
    quantization: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportResult:
    """The written file, its size, its quantization, and its parity with the trained network."""

    output: Path
    size_bytes: int
    quantization: Mapping[str, Any]
    parity: Parity

    def lines(self) -> Iterator[str]:
        """Yield a summary: a line on the file, then those on parity."""
        layers = ""
        if self.quantization:
            quantized, total = self.quantization["quantized_layers"], self.quantization["layers"]
            layers = f", {quantized} of {total} layers in 8 bits"
        yield f"'{self.output}': {self.size_bytes / 1e6:.1f} MB{layers}"
        yield from self.parity.lines()


def export_model(
    network: keras.Model, info: RunInfo, dataset: Dataset, output: Path, config: ExportConfig
) -> ExportResult:
    """Convert the network, compare the result on held-out photos, and write `output` atomically.

    Raises CtcError, and writes nothing, when the network can't be converted, when fewer photos than
    `config` requires keep their top class, or in float32 when a probability differs by more than
    `TOLERANCE`.
    """
    photos = held_out_photos(dataset, info)
    labels = {label: len(classes) for label, classes in info.labels.items()}
    if config.features:
        network = with_features(network)
    feature_size = _feature_size(network)
    size = info.preprocessing.height, info.preprocessing.width
    exact = to_onnx(network, labels, *size, feature_size)
    expected = run_model(_keras_predict_fn(network), photos.labelled_batches())
    rejected = []
    for candidate in _candidates(exact, info, dataset, config):
        parity = compare(
            expected,
            run_model(onnx_predict_fn(candidate.model), photos.labelled_batches()),
            photos.split,
        )
        if _rejection_reason(parity, config) is None:
            return _write(candidate, info, parity, output, config, feature_size)
        rejected.append(parity)
    best = max(rejected, key=lambda parity: parity.agreement)
    raise CtcError(
        f"{_rejection_reason(best, config)}: '{output}' was not written; "
        f"{_REMEDIES[config.precision]}"
    )


def _candidates(
    exact: onnx.ModelProto, info: RunInfo, dataset: Dataset, config: ExportConfig
) -> Iterator[Candidate]:
    """Yield the models that may be written, the fastest first."""
    simple = simplify(exact)
    if config.precision == "float32":
        yield Candidate(simple)
    elif config.precision == "float16":
        yield Candidate(to_float16(simple))
    else:
        for one in quantized_candidates(
            simple, calibration_photos(dataset, info, config.calibration_photos)
        ):
            quantization = {
                "calibration_photos": one.calibration_photos,
                "layers": one.layers,
                "quantized_layers": one.quantized_layers,
            }
            yield Candidate(one.model, quantization)


def _rejection_reason(parity: Parity, config: ExportConfig) -> str | None:
    """Return why a model is rejected; None when it is accepted."""
    where = f"on {counted(parity.photos, 'photo')} of the split '{parity.split}'"
    features = parity.features
    if features and not np.isfinite(features.lowest_similarity):
        return f"the {config.precision} model has features that are not numbers {where}"
    if features and config.precision == "float32" and features.largest_difference > TOLERANCE:
        return (
            "the features of the converted network differ from those of the trained one by "
            f"{features.largest_difference:.2g} of the largest {where}, more than {TOLERANCE:g}"
        )
    if not np.isfinite(parity.largest_difference):
        return (
            f"the {config.precision} model differs from the trained network "
            f"by {parity.largest_difference} {where}"
        )
    if config.precision == "float32" and parity.largest_difference > TOLERANCE:
        return (
            "the converted network differs from the trained one "
            f"by {parity.largest_difference:.2g} {where}, more than {TOLERANCE:g}"
        )
    if parity.agreement < config.required_agreement:
        label = min(parity.labels, key=lambda label: parity.labels[label].agreement)
        return (
            f"the {config.precision} model predicts the same '{label}' as the trained network "
            f"for {parity.agreement:.1%} {where}, less than {config.required_agreement:.1%}"
        )
    return None


def _write(
    candidate: Candidate,
    info: RunInfo,
    parity: Parity,
    output: Path,
    config: ExportConfig,
    feature_size: int | None,
) -> ExportResult:
    model = candidate.model
    provenance = _provenance(
        info, parity, {"precision": config.precision, **candidate.quantization}
    )
    metadata = ModelInfo(
        info.labels,
        info.preprocessing,
        provenance=provenance,
        multi_label=info.multi_label,
        feature_size=feature_size,
    )
    onnx.helper.set_model_props(model, metadata.to_metadata())
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    onnx.checker.check_model(model, full_check=True)
    with atomic_write(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
    return ExportResult(output, output.stat().st_size, candidate.quantization, parity)


def _feature_size(network: keras.Model) -> int | None:
    """Return the number of features per photo, None if they are no output of the network."""
    features = network.output.get(FEATURES_OUTPUT)
    return None if features is None else int(features.shape[1])


def _keras_predict_fn(network: keras.Model) -> PredictFn:
    def predict(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return {
            label: np.asarray(values) for label, values in network(images, training=False).items()
        }

    return predict


def _provenance(info: RunInfo, parity: Parity, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance for the metadata, without paths of the machine."""
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
    """Return the version of an importable module, whatever distribution it is from."""
    for distribution in importlib.metadata.packages_distributions().get(module, ()):
        return importlib.metadata.version(distribution)
    return None
