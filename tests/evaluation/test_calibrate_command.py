"""ctc calibrate, and calibration inside the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from ctc.cli.main import run
from ctc.evaluation.calibration.calibration import Calibration, temperature_scaling
from ctc.evaluation.calibration.onnx_model import insert_calibration
from ctc.runtime.session import load_model
from ctc.storage.paths import parse_path

PIXELS = np.random.default_rng(0).integers(0, 255, (7, 16, 24, 3), dtype=np.uint8)


def calibrate(model: Path, dataset, output: Path, *more: str) -> int:
    return run(["calibrate", str(model), str(dataset.folder), "--output", str(output), *more])


def test_a_calibrated_model_answers_as_fitted_and_says_so(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model, output = build_model(sharpness=30.0), tmp_path / "calibrated.onnx"
    assert calibrate(model, colour_dataset, output, "--precision", "0.6") == 0
    printed = capsys.readouterr()
    onnx.checker.check_model(onnx.load(output), full_check=True)
    plain, calibrated = load_model(model), load_model(output)
    told = calibrated.info.calibration["species"]
    assert (told["method"], told["temperature"] > 1.5) == ("temperature", True)
    wanted = temperature_scaling(told["temperature"], 3).apply(plain.predict(PIXELS)["species"])
    assert calibrated.predict(PIXELS)["species"] == pytest.approx(wanted, abs=1e-5)
    assert told["after"]["nll"] < told["before"]["nll"]
    assert set(calibrated.info.thresholds["species"]) == {"empty", "fox", "wolf"}
    assert calibrated.session.get_modelmeta().custom_metadata_map["note"] == "kept"
    assert "temperature" in printed.out.splitlines()[0]
    assert "from what was fitted" in printed.err


def test_a_model_at_a_remote_place_is_calibrated(build_model, colour_dataset, tmp_path) -> None:
    model = parse_path(f"memory://{tmp_path.name}/model.onnx")
    model.write_bytes(build_model().read_bytes())
    assert calibrate(model, colour_dataset, model.with_name("calibrated.onnx")) == 0
    assert calibrate(build_model(), colour_dataset, tmp_path / "calibrated.onnx") == 0
    assert (
        model.with_name("calibrated.onnx").read_bytes()
        == (tmp_path / "calibrated.onnx").read_bytes()
    )


def test_a_class_whose_precision_can_not_be_promised_has_no_threshold(
    build_model, colour_dataset, tmp_path
) -> None:
    assert (
        calibrate(build_model(), colour_dataset, tmp_path / "c.onnx") == 0
    )  # 16 events of a class prove nothing
    assert load_model(tmp_path / "c.onnx").info.thresholds == {
        "species": dict.fromkeys(("empty", "fox", "wolf"))
    }


def test_an_evaluation_shows_reliability_before_and_after(
    build_model, colour_dataset, tmp_path
) -> None:
    plain, output = build_model(sharpness=30.0), tmp_path / "c.onnx"
    assert calibrate(plain, colour_dataset, output) == 0
    before, after = (
        _metrics(model, colour_dataset, tmp_path / model.stem) for model in (plain, output)
    )
    for unit in ("event", "photo"):
        scores = after["labels"]["species"]["units"][unit]
        was = before["labels"]["species"]["units"][unit]["reliability"]
        assert scores["uncalibrated"]["ece"] == pytest.approx(was["ece"], abs=1e-4)
        assert scores["reliability"]["ece"] != pytest.approx(was["ece"], abs=1e-4)
        assert scores["automation"]["thresholds"]["share"] == 0
    assert after["calibration"]["species"]["method"] == "temperature"


def _metrics(model: Path, dataset, output: Path):
    assert run(["evaluate", str(model), str(dataset.folder), "--output", str(output)]) == 0
    return json.loads((output / "metrics.json").read_text())


@pytest.mark.parametrize(
    ("kind", "tolerance"), [(TensorProto.FLOAT, 1e-5), (TensorProto.FLOAT16, 1e-3)]
)
@pytest.mark.parametrize("opset", [11, 18])
def test_the_nodes_fit_outputs_of_any_kind(
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


def test_an_int8_model_is_calibrated_too(build_model, tmp_path) -> None:
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
    wanted = temperature_scaling(2.0, 3).apply(plain)
    assert load_model(tmp_path / "c.onnx").predict(PIXELS)["species"] == pytest.approx(
        wanted, abs=1e-5
    )


def test_a_calibrated_model_is_not_calibrated_again(
    build_model, colour_dataset, tmp_path, capsys
) -> None:
    model = build_model(calibration={"species": {"method": "temperature", "temperature": 2.0}})
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx") == 2
    assert "is calibrated already: give the file that `ctc export` wrote" in capsys.readouterr().err


def test_a_split_with_one_class_is_refused_and_nothing_written(
    build_model, dataset_of, colour_event, tmp_path, capsys
) -> None:
    dataset = dataset_of(
        {"val": [colour_event("val", 3 * i) for i in range(4)]},
        {"species": ("empty", "fox", "wolf")},
    )
    assert calibrate(build_model(), dataset, tmp_path / "c.onnx") == 1
    assert "the split has only one class, 'empty': give a --split" in capsys.readouterr().err
    assert not (tmp_path / "c.onnx").exists()


def test_the_output_is_a_new_file(build_model, colour_dataset, tmp_path, capsys) -> None:
    model = build_model()
    assert calibrate(model, colour_dataset, model, "--overwrite") == 2
    (tmp_path / "c.onnx").write_text("mine")
    assert calibrate(model, colour_dataset, tmp_path / "c.onnx") == 2
    assert (tmp_path / "c.onnx").read_text() == "mine"
    assert "is a folder or the model itself" in capsys.readouterr().err
