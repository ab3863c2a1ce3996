"""Calibration inside a model file: a few ONNX nodes after the probabilities of each label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT, ModelInfo
from ctc.errors import CtcError, InputError, UsageError
from ctc.evaluation.answers.score_split import PredictFn
from ctc.evaluation.calibration.calibrate import CalibrationResult
from ctc.evaluation.calibration.calibration import Calibration
from ctc.evaluation.pooling.descriptors import Scorer
from ctc.evaluation.pooling.graph import add_attention, check_attention
from ctc.features.probe.fitting.fit_strangers import Strangers
from ctc.features.probe.onnx_model import check_strangeness
from ctc.features.strangers.graph import add_strangeness
from ctc.runtime.session import load_model
from ctc.storage.atomic import atomic_write
from ctc.storage.remote_files import local_copy

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-4
TOLERANCE_FLOAT16 = 2e-3


def check_uncalibrated(path: Path, info: ModelInfo) -> None:
    """Raise UsageError if the model is already calibrated."""
    if info.calibration:
        raise UsageError(f"'{path}' is already calibrated: give the file that `ctc export` wrote")


def write_calibrated_model(
    source: Path,
    info: ModelInfo,
    fitted: CalibrationResult,
    output: Path,
    open_model: Callable[[Path], PredictFn],
    images: NDArray[np.uint8],
    fitted_on: Mapping[str, str],
    strangers: tuple[Strangers, Mapping[str, Any]] | None = None,
    attention: Scorer | None = None,
) -> float:
    """Write the calibrated model, and return its largest absolute difference from the fit.

    `fitted_on` names dataset and split in the metadata of each label's calibration. `strangers`:
    the distance to add as the output `strangeness`, and its metadata. `attention`: what to add as
    the output of that name. The difference is measured on
    `images` (N, height, width, 3); `open_model` opens a model file. Raises CtcError,
    writing nothing, if it exceeds the tolerance.
    """
    import onnx

    model = onnx.load_model(local_copy(source))
    half = any(
        output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16
        for output in model.graph.output
    )
    insert_calibration(model, fitted.calibrations)
    calibration = {
        label: found.to_json() | dict(fitted_on) for label, found in fitted.labels.items()
    }
    thresholds = {
        one.label: one.thresholds for one in fitted.chosen_thresholds if not one.made_for.detector
    }
    described = replace(
        info, calibration=calibration, thresholds=thresholds, promises=fitted.promises
    )
    if strangers:
        add_strangeness(model, strangers[0].distance)
        described = replace(described, strangers=strangers[1])
    if attention:
        add_attention(model, attention)
    metadata = {entry.key: entry.value for entry in model.metadata_props} | described.to_metadata()
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    with atomic_write(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
        difference = _max_difference(
            open_model(source), open_model(partial), fitted.calibrations, images
        )
        if not difference <= (TOLERANCE_FLOAT16 if half else TOLERANCE):  # also rejects NaN
            raise CtcError(
                f"the calibrated model differs from the fit by {difference:.2g}:"
                f" '{output}' was not written"
            )
        if strangers:
            written = load_model(partial, needs="features")
            features = written.run(images, (FEATURES_OUTPUT,))[FEATURES_OUTPUT]
            check_strangeness(written, images, features, strangers[0].distance)
        if attention:
            check_attention(load_model(partial, needs="features"), images, attention)
    return difference


def insert_calibration(model: onnx.ModelProto, calibrations: Mapping[str, Calibration]) -> None:
    """Insert the calibration nodes into `model`, in place.

    The outputs keep their names and types; float16 outputs are calibrated in float32. Raises
    InputError if an output is not computed by a node.
    """
    for label, calibration in calibrations.items():
        _insert_nodes(model.graph, label, calibration)


def _insert_nodes(graph: onnx.GraphProto, label: str, calibration: Calibration) -> None:
    from onnx import TensorProto, helper, numpy_helper

    output = next((output for output in graph.output if output.name == label), None)
    if output is None or not any(label in node.output for node in graph.node):
        raise InputError(f"the model computes no output called '{label}'")
    kind = output.type.tensor_type.elem_type
    prefix = f"calibration/{label}"
    _rename_tensor(graph, label, f"{prefix}/before")
    constants = {
        "smallest": np.float32(calibration.smallest),
        "scale": calibration.scale,
        "bias": calibration.bias,
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"{prefix}/{name}")
        for name, value in constants.items()
    )
    steps = [
        ("Cast", (), {"to": TensorProto.FLOAT}),
        ("Max", ("smallest",), {}),
        ("Log", (), {}),
        ("Mul", ("scale",), {}),
        ("Add", ("bias",), {}),
        ("Softmax", (), {"axis": 1}),
        ("Cast", (), {"to": kind}),
    ]
    value = f"{prefix}/before"
    for number, (operation, others, attributes) in enumerate(steps):
        result = label if number == len(steps) - 1 else f"{prefix}/{number}"
        inputs = [value, *(f"{prefix}/{other}" for other in others)]
        graph.node.append(
            helper.make_node(
                operation, inputs, [result], f"{prefix}/{operation}_{number}", **attributes
            )
        )
        value = result


def _rename_tensor(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]


def _max_difference(
    before: PredictFn,
    after: PredictFn,
    calibrations: Mapping[str, Calibration],
    images: NDArray[np.uint8],
) -> float:
    plain, actual = before(images), after(images)
    expected = {label: one.apply(plain[label]) for label, one in calibrations.items()}
    return max(float(np.abs(expected[label] - actual[label]).max()) for label in expected)
