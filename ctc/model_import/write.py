"""Write the first graph that answers as the original network does."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from ctc._version import __version__
from ctc.artifacts.model.file import ModelInfo
from ctc.errors import CtcError
from ctc.model_import.candidates import check_graph, float32_candidates, smaller_candidates
from ctc.model_import.config import ImportConfig
from ctc.model_import.expected import Expected
from ctc.model_import.original import run_graph
from ctc.model_import.parity import Answers, ImportParity, check_parity, compare_answers
from ctc.model_import.photos import PhotoSample
from ctc.runtime.session import load_model
from ctc.storage.atomic import atomic_write

_BATCH_SIZE = 5
"""Photos at a time in the comparison: more than one, and no number that networks are made for."""
_TOOLS = ("onnx", "onnxruntime")


@dataclass(frozen=True)
class Comparison:
    """Photos, uint8 (N, height, width, 3), the answers to them, and a name for the photos.

    `tolerance`: of a file with the network's own precision.
    """

    photos: NDArray[np.uint8]
    expected: Expected
    compared_on: str
    tolerance: float


@dataclass(frozen=True)
class Written:
    """A written file: its size, its metadata, its parity, and how it differs from the original."""

    size_bytes: int
    info: ModelInfo
    parity: ImportParity
    note: str


def write_float32(
    network: ModelProto, info: ModelInfo, comparison: Comparison, config: ImportConfig
) -> Written:
    """Write the network with the precision it has; raises CtcError, writing nothing, if it can't.

    `network`: pruned to the outputs.
    """
    rejected: list[str] = []  # not the errors, which hold on to sessions
    for note, build in float32_candidates(network, comparison.expected.graph, config.network):
        try:
            return _write(build(), info, comparison, config, {"precision": "float32"}, note)
        except CtcError as error:
            rejected.append(str(error))
    raise _not_written(rejected[-1], config.output)


def write_smaller(
    network: ModelProto,
    info: ModelInfo,
    comparison: Comparison,
    config: ImportConfig,
    calibration: PhotoSample | None,
) -> Written:
    """Write the network in float16 or int8; raises CtcError, writing nothing, if it can't."""
    exact = _exact_graph(network, comparison, config)
    rejected: list[str] = []  # not the errors, which hold on to sessions
    for model, quantization in smaller_candidates(exact, config.precision, calibration):
        settings = {"precision": config.precision, **quantization}
        try:
            return _write(model, info, comparison, config, settings, "")
        except CtcError as error:
            rejected.append(str(error))
    raise _not_written(rejected[-1], config.output)


def _exact_graph(network: ModelProto, comparison: Comparison, config: ImportConfig) -> ModelProto:
    """Return the first graph that answers as the network does; raises CtcError if none does."""
    expected = {name: values[:_BATCH_SIZE] for name, values in comparison.expected.answers.items()}
    rejected: list[str] = []  # not the errors, which hold on to sessions
    for _, build in float32_candidates(network, comparison.expected.graph, config.network):
        try:
            model = build()
            check_graph(model)
            found = run_graph(model, comparison.photos[:_BATCH_SIZE])
            parity = compare_answers(expected, found, (), "", comparison.tolerance)
            check_parity(parity, "float32", 0.0)
        except CtcError as error:
            rejected.append(str(error))
        else:
            return model
    raise _not_written(rejected[-1], config.output)


def _write(
    model: ModelProto,
    info: ModelInfo,
    comparison: Comparison,
    config: ImportConfig,
    settings: Mapping[str, Any],
    note: str,
) -> Written:
    """Write one graph if its file can be read and answers as the original network does."""
    check_graph(model)
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    with atomic_write(config.output) as partial:
        _save(model, info, partial)
        try:
            found = _run(partial, info, comparison.photos)
        except CtcError as error:
            raise CtcError(str(error).replace(str(partial), str(config.network))) from None
        parity = compare_answers(
            comparison.expected.answers,
            found,
            comparison.expected.multi_label,
            comparison.compared_on,
            comparison.tolerance if config.precision == "float32" else None,
        )
        check_parity(parity, config.precision, config.required_agreement)
        complete = replace(info, provenance=_provenance(parity, settings))
        _save(model, complete, partial)
        size = partial.stat().st_size
    return Written(size, complete, parity, note)


def _save(model: ModelProto, info: ModelInfo, path: Path) -> None:
    onnx.helper.set_model_props(model, info.to_metadata())
    onnx.save_model(model, path, save_as_external_data=False)


def _run(path: Path, info: ModelInfo, photos: NDArray[np.uint8]) -> Answers:
    model = load_model(path, needs="labels" if info.labels else "features")
    names = tuple(info.outputs)
    parts = [
        model.run(photos[at : at + _BATCH_SIZE], names) for at in range(0, len(photos), _BATCH_SIZE)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _provenance(parity: ImportParity, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **settings,
        "parity": parity.to_json(),
        "imported_with": {
            "ctc": __version__,
            **{name: importlib.metadata.version(name) for name in _TOOLS},
        },
    }


def _not_written(reason: str, output: Path) -> CtcError:
    return CtcError(f"{reason}: '{output}' was not written")
