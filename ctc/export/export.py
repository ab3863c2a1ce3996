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
from ctc.export.config import ExportConfig, Precision
from ctc.export.convert import to_onnx
from ctc.export.float16 import to_float16
from ctc.export.parity import Answer, Parity, ask, compare, onnx_answer
from ctc.export.quantize import quantized
from ctc.export.sample import held_out, to_calibrate
from ctc.export.simplify import simplify
from ctc.storage.atomic import whole_file

TOLERANCE = 1e-4
"""How far a probability may be from the trained network's in float32, where nothing is rounded on purpose."""

_REMEDIES: Mapping[Precision, str] = {
    "float32": "train with another backbone",
    "float16": "export float32",
    "int8": "raise --calibration-photos, lower --min-agreement, or export float16",
}


@dataclass(frozen=True)
class Candidate:
    """A model that may be written, and what its provenance says of how it was made."""

    model: onnx.ModelProto
    made: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What was written: the file, its size, how it was made, and how far it is from the trained network."""

    output: Path
    bytes: int
    made: Mapping[str, Any]
    parity: Parity

    def lines(self) -> Iterator[str]:
        """What to tell of it."""
        layers = f", {self.made['quantized_layers']} of {self.made['layers']} layers with 8 bits" if self.made else ""
        yield f"'{self.output}': {self.bytes / 1e6:.1f} MB{layers}"
        yield from self.parity.lines()


def export_model(network: keras.Model, info: RunInfo, dataset: Dataset, output: Path, config: ExportConfig) -> Report:
    """Convert, compare with the network on held-out photos, and write `output` whole.

    Raises CtcError, and writes nothing, when the network can't be converted, when it agrees with what was made of it on fewer photos
    than `config` asks for, or in float32 when a probability differs by more than `TOLERANCE`.
    """
    photos = held_out(dataset, info)
    labels = {label: len(classes) for label, classes in info.labels.items()}
    exact = to_onnx(network, labels, info.preprocessing.height, info.preprocessing.width)
    expected = ask(_keras_answer(network), photos.labelled())
    refused = []
    for candidate in _candidates(exact, info, dataset, config):
        parity = compare(expected, ask(onnx_answer(candidate.model), photos.labelled()), photos.split)
        if _complaint(parity, config) is None:
            return _write(candidate, info, parity, output, config)
        refused.append(parity)
    best = max(refused, key=lambda parity: parity.agreement)
    raise CtcError(f"{_complaint(best, config)}: '{output}' was not written; {_REMEDIES[config.precision]}")


def _candidates(exact: onnx.ModelProto, info: RunInfo, dataset: Dataset, config: ExportConfig) -> Iterator[Candidate]:
    """What may be written, the fastest first."""
    simple = simplify(exact)
    if config.precision == "float32":
        yield Candidate(simple)
    elif config.precision == "float16":
        yield Candidate(to_float16(simple))
    else:
        for one in quantized(simple, to_calibrate(dataset, info, config.calibration_photos)):
            made = {"calibration_photos": one.photos, "layers": one.layers, "quantized_layers": one.quantized_layers}
            yield Candidate(one.model, made)


def _complaint(parity: Parity, config: ExportConfig) -> str | None:
    """Why a model isn't good enough; None when it is."""
    where = f"on {parity.photos} photos of the split '{parity.split}'"
    if not np.isfinite(parity.largest_difference):
        return f"the {config.precision} model differs from the trained network by {parity.largest_difference} {where}"
    if config.precision == "float32" and parity.largest_difference > TOLERANCE:
        return f"the converted network differs from the trained one by {parity.largest_difference:.2g} {where}, more than {TOLERANCE:g}"
    if parity.agreement < config.agreement_needed:
        label = min(parity.labels, key=lambda label: parity.labels[label].agreement)
        return (
            f"the {config.precision} model gives the same '{label}' as the trained network for {parity.agreement:.1%} {where}, "
            f"less than {config.agreement_needed:.1%}"
        )
    return None


def _write(candidate: Candidate, info: RunInfo, parity: Parity, output: Path, config: ExportConfig) -> Report:
    model = candidate.model
    provenance = _provenance(info, parity, {"precision": config.precision, **candidate.made})
    about = ModelInfo(info.labels, info.preprocessing, provenance=provenance, multi_label=info.multi_label)
    onnx.helper.set_model_props(model, about.to_metadata())
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    onnx.checker.check_model(model, full_check=True)
    with whole_file(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
    return Report(output, output.stat().st_size, candidate.made, parity)


def _keras_answer(network: keras.Model) -> Answer:
    def answer(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return {label: np.asarray(values) for label, values in network(images, training=False).items()}

    return answer


def _provenance(info: RunInfo, parity: Parity, made: Mapping[str, Any]) -> dict[str, Any]:
    """Where the file comes from, without paths of the machine."""
    tools = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")
    return {
        "backbone": info.backbone,
        "dataset": info.dataset["fingerprint"],
        "seed": info.seed,
        **made,
        "parity": parity.to_json(),
        "trained_with": dict(info.versions),
        "exported_with": {"ctc": __version__} | {name: v for name in tools if (v := _installed(name))},
    }


def _installed(module: str) -> str | None:
    """The version of an importable module, whichever distribution brings it."""
    for distribution in importlib.metadata.packages_distributions().get(module, ()):
        return importlib.metadata.version(distribution)
    return None
