from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import CtcError, InputError, UsageError
from ctc.runtime.session import load_model


def test_model_predict_returns_probabilities_per_label(model: Path) -> None:
    images = np.zeros((2, 8, 12, 3), np.uint8)
    images[0, :, :, 0] = 255
    answers = load_model(model).predict(images)
    assert list(answers) == ["species", "count"]
    assert answers["species"] == pytest.approx(np.array([[0.7310586, 0.2689414], [0.5, 0.5]]))


def test_model_run_returns_the_outputs_that_are_asked_for(build_model) -> None:
    opened = load_model(build_model(features=True))
    images = np.zeros((2, 8, 12, 3), np.uint8)
    images[0, :, :, 0] = 255
    answers = opened.run(images, ["features", "species"])
    assert list(answers) == ["features", "species"]
    np.testing.assert_array_equal(answers["features"], np.array([[1, 0, 0], [0, 0, 0]], np.float32))
    assert "features" not in opened.predict(images)


def test_load_model_refuses_a_use_that_the_model_has_no_outputs_for(build_model) -> None:
    info = ModelInfo({}, Preprocessing(8, 12), feature_size=3)
    features = build_model(features=True, metadata=info.to_metadata())
    assert load_model(features, needs="features").info.outputs == {"features": 3}
    with pytest.raises(InputError, match=r"has features but no classes: .* `ctc probe`"):
        load_model(features)
    with pytest.raises(InputError, match=r"has no features: .* `ctc export --features`"):
        load_model(build_model("plain.onnx"), needs="features")


def test_load_model_refuses_features_that_the_network_lacks(build_model) -> None:
    info = ModelInfo({}, Preprocessing(8, 12), feature_size=4)
    for changes, reason in [
        ({}, "has no output called 'features', which its metadata name"),
        ({"features": True}, "but its metadata name 4 numbers per photo"),
    ]:
        path = build_model(metadata=info.to_metadata(), **changes)
        with pytest.raises(InputError, match=reason):
            load_model(path, needs="features")


def test_model_info_has_metadata(model: Path) -> None:
    info = load_model(model).info
    assert info.labels == {"species": ("fox", "wolf"), "count": ("1", "2+")}
    assert (info.preprocessing.height, info.preprocessing.width) == (8, 12)


def test_load_model_refuses_other_onnx_files(build_model) -> None:
    foreign = build_model(metadata={})
    with pytest.raises(
        CtcError, match=r"no 'ctc_format_version': make one .* with `ctc import`"
    ) as caught:
        load_model(foreign)
    assert str(foreign) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"GIF89a not a network", os.urandom(5000)])
def test_load_model_refuses_garbage_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(CtcError, match="can't be opened as an ONNX file") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"pixels": TensorProto.FLOAT},
            r"its input 'images' is a tensor\(float\), not a tensor\(uint8\)",
        ),
        ({"batch": 1}, "not \\[any number, 8, 12, 3\\]"),
        ({"classes": 3}, "its metadata name 2 classes"),
        (
            {"labels": {"species": ("fox", "wolf"), "sex": ("f", "m")}},
            "it has no output called 'sex'",
        ),
    ],
)
def test_load_model_refuses_network_that_contradicts_metadata(build_model, changes, reason) -> None:
    path = build_model(**changes)
    with pytest.raises(CtcError, match=reason):
        load_model(path)


@pytest.mark.parametrize(
    "thresholds",
    [
        {"species": {"bear": 0.5}},
        {"species": {"fox": 2}},
        {"sex": {}},
        {"species": {"fox": "x"}},
        {"species": ["fox"]},
    ],
)
def test_load_model_refuses_invalid_thresholds(build_model, thresholds) -> None:
    path = build_model()
    network = onnx.load(path)
    next(one for one in network.metadata_props if one.key == "thresholds").value = json.dumps(
        thresholds
    )
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match="its thresholds are not probabilities of its classes"):
        load_model(path)


@pytest.mark.parametrize("key", ["labels", "preprocessing", "ctc_format_version"])
def test_load_model_refuses_damaged_metadata(build_model, key: str) -> None:
    path = build_model()
    network = onnx.load(path)
    next(one for one in network.metadata_props if one.key == key).value = '{"broken": '
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match="its metadata is damaged"):
        load_model(path)


def test_load_model_refuses_custom_operations(build_model) -> None:
    path = build_model()
    network = onnx.load(path)
    network.graph.node[-1].domain = "of.mine"
    network.opset_import.add(domain="of.mine", version=1)
    path.write_bytes(network.SerializeToString())
    with pytest.raises(InputError, match=r"can't be opened as an ONNX file: .*of\.mine"):
        load_model(path)


def test_read_model_refuses_more_than_two_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InputError, match="is larger than 2 GiB"):
        load_model(path)


def test_load_model_refuses_other_input_size(build_model) -> None:
    path = build_model(size=(8, 12))
    network = onnx.load(path)
    network.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 9
    path.write_bytes(network.SerializeToString())
    with pytest.raises(CtcError, match="has the shape"):
        load_model(path)


def test_load_model_refuses_external_data(build_model, tmp_path, monkeypatch) -> None:
    many = tuple(str(i) for i in range(400))
    path = build_model(classes=400, labels={"species": many, "count": many})
    network = onnx.load(path)
    weights = next(value for value in network.graph.initializer if value.name == "species_weights")
    (tmp_path / "weights.bin").write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="weights.bin")
    path.write_bytes(network.SerializeToString())
    monkeypatch.chdir(tmp_path)
    # onnxruntime by itself would read it
    onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    with pytest.raises(CtcError, match=r"can't be opened as an ONNX file: .*[Ee]xternal data"):
        load_model(path)


def test_load_model_refuses_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there: make one with `ctc export`"):
        load_model(tmp_path / "model.onnx")


def test_load_model_refuses_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder, not a model: a model is the \.onnx file"):
        load_model(tmp_path)


@pytest.mark.subprocess
def test_load_model_without_onnxruntime_names_the_extra(model: Path) -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None; from pathlib import Path\n"
        "from ctc.runtime.session import load_model\n"
        f"load_model(Path({str(model)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'camera-trap-classifier[cpu]'" in done.stderr
