"""Calibration nodes inside a model file."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from ctc.evaluation.calibration.calibration import Calibration, temperature_scaling
from ctc.evaluation.calibration.onnx_model import insert_calibration
from ctc.runtime.session import load_model

PIXELS = np.random.default_rng(0).integers(0, 255, (7, 16, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("kind", "tolerance"), [(TensorProto.FLOAT, 1e-5), (TensorProto.FLOAT16, 1e-3)]
)
@pytest.mark.parametrize("opset", [11, 18])
def test_insert_calibration_supports_output_types_and_opsets(
    build_model, tmp_path, kind: int, tolerance: float, opset: int
) -> None:
    path = build_model(sharpness=8.0, output=kind)
    plain = load_model(path).predict(PIXELS)["species"]
    model = onnx.load(path)
    if opset == 11:
        _to_opset_11(model)
    calibration = Calibration(
        "vector", np.array([0.5, 1, 2], np.float32), np.array([0.3, 0, -0.3], np.float32)
    )
    insert_calibration(model, {"species": calibration})
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, tmp_path / "c.onnx")
    assert load_model(tmp_path / "c.onnx").predict(PIXELS)["species"] == pytest.approx(
        calibration.apply(plain), abs=tolerance
    )


def _to_opset_11(model: onnx.ModelProto) -> None:
    """ReduceMean had its axes as an attribute then."""
    model.opset_import[0].version = 11
    mean = next(node for node in model.graph.node if node.op_type == "ReduceMean")
    del mean.input[1:]
    mean.attribute.append(onnx.helper.make_attribute("axes", [1, 2]))


def test_insert_calibration_supports_int8_model(build_model, tmp_path) -> None:
    path = build_model(sharpness=8.0)
    model = onnx.load(path)
    scale = onnx.numpy_helper.from_array(np.array(1 / 255, np.float32), "output_scale")
    zero = onnx.numpy_helper.from_array(np.array(0, np.uint8), "output_zero")
    model.graph.initializer.extend([scale, zero])
    model.graph.node[-1].CopyFrom(
        onnx.helper.make_node(
            "QuantizeLinear", ["probabilities", "output_scale", "output_zero"], ["bytes"]
        )
    )
    model.graph.node.append(
        onnx.helper.make_node(
            "DequantizeLinear", ["bytes", "output_scale", "output_zero"], ["species"]
        )
    )
    onnx.save_model(model, path)
    plain = load_model(path).predict(PIXELS)["species"]
    insert_calibration(model, {"species": temperature_scaling(2.0, 3)})
    onnx.save_model(model, tmp_path / "c.onnx")
    expected = temperature_scaling(2.0, 3).apply(plain)
    assert load_model(tmp_path / "c.onnx").predict(PIXELS)["species"] == pytest.approx(
        expected, abs=1e-5
    )
