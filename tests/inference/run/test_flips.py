"""`--flips` of `ctc predict`, `evaluate` and `calibrate`, with a model that looks to the left."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.file import INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.cli.main import run
from ctc.images import encode_jpeg
from ctc.runtime.flips import mean_with_mirrored


def test_mean_with_mirrored_averages_both_views() -> None:
    images = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    seen = []

    def corner(pixels: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(pixels)
        return {"x": pixels[:, 0, 0, :2].astype(np.float32)}

    mean = mean_with_mirrored(corner, images)["x"]
    np.testing.assert_array_equal(seen[1], images[:, :, ::-1])
    np.testing.assert_array_equal(mean, (images[:, 0, 0, :2] + images[:, 0, 2, :2]) / 2)
    assert mean.dtype == np.float32


@pytest.fixture(scope="module")
def left_model(tmp_path_factory) -> Path:
    """p(fox) = 1 / (1 + exp(−20 (m − 0.5))), m the mean of the left half of the photo, 0–1."""
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["pixels", "from", "to", "side"], ["left"]),
        helper.make_node("ReduceMean", ["left", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["sum"]),
        helper.make_node("Add", ["sum", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["species"]),
    ]
    numbers = {
        "from": np.array([0]),
        "to": np.array([8]),
        "side": np.array([2]),
        "axes": np.array([1, 2]),
        "weights": np.array([[0, 20 / 765]] * 3, np.float32),
        "bias": np.array([0, -10], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "left",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["N", 16, 16, 3])],
        [helper.make_tensor_value_info("species", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    info = ModelInfo({"species": ("deer", "fox")}, Preprocessing(16, 16))
    helper.set_model_props(made, info.to_metadata())
    path = tmp_path_factory.mktemp("model") / "left.onnx"
    onnx.save(made, path)
    return path


def _halves(left: int, right: int) -> np.ndarray:
    photo = np.full((16, 16, 3), left, np.uint8)
    photo[:, 8:] = right
    return photo


def _fox(left: int) -> float:
    return 1 / (1 + np.exp(-20 * (left / 255 - 0.5)))


def _answers(output: Path) -> dict[str, float]:
    with output.open(newline="") as rows:
        return {
            row["id"]: json.loads(row["predictions_all"])["fox"] for row in csv.DictReader(rows)
        }


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, sides in {"bright": (140, 90), "dark": (100, 120)}.items():
        Image.fromarray(_halves(*sides)).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize("engine", [[], ["--engine", "local"]])
def test_predict_with_flips_gives_the_mean_of_both_views(left_model, photos, tmp_path, engine):
    plain, flipped = tmp_path / "plain.csv", tmp_path / "flipped.csv"
    command = ["predict", str(left_model), str(photos), *engine]
    assert run([*command, "--output", str(plain)]) == 0
    assert run([*command, "--output", str(flipped), "--flips"]) == 0
    once, both = _answers(plain), _answers(flipped)
    for name, (left, right) in {"bright.png": (140, 90), "dark.png": (100, 120)}.items():
        (key,) = (key for key in once if key.endswith(name))
        assert once[key] == pytest.approx(_fox(left), abs=1e-3)
        assert both[key] == pytest.approx((_fox(left) + _fox(right)) / 2, abs=1e-3)


def test_predict_with_flips_classifies_both_views_of_crops(
    left_model, write_bright_detector, tmp_path, capsys
):
    """The detector's box is that of the bright pixels, all of which are right of the middle."""
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[16:48, 16:48] = 220
    photo[16:48, 16:32] = (255, 255, 255)
    Image.fromarray(photo).save(tmp_path / "a.png")
    detector = write_bright_detector(tmp_path / "detector.onnx")
    answers = []
    for more in ([], ["--flips"]):
        output = tmp_path / f"p{len(more)}.csv"
        command = ["predict", str(left_model), str(tmp_path / "a.png"), "--detector", str(detector)]
        assert run([*command, "--output", str(output), *more]) == 0, capsys.readouterr().err
        answers.append(next(iter(_answers(output).values())))
    assert answers[0] != pytest.approx(answers[1], abs=1e-4)


def test_predict_refuses_flips_where_the_gpu_decodes(left_model, photos, tmp_path, capsys):
    command = ["predict", str(left_model), str(photos), "--output", str(tmp_path / "p.csv")]
    assert run([*command, "--flips", "--decode", "gpu"]) == 2
    assert "--flips needs --decode cpu" in capsys.readouterr().err


@pytest.fixture
def dataset(dataset_of):
    """Foxes whose left side is dark, in half of the events."""

    def event(number: int) -> EventRecord:
        fox = number % 2
        left, right = ((60, 250) if number % 4 == 1 else (250, 60)) if fox else (90, 90)
        jpeg = encode_jpeg(_halves(left, right), 95)
        return EventRecord(str(number), (jpeg,), ((16, 16),), {"species": (fox,)}, ("a.jpg",), {})

    events = [event(number) for number in range(24)]
    return dataset_of({"test": events, "val": events}, {"species": ("deer", "fox")})


def test_evaluate_with_flips_scores_the_mean(left_model, dataset, tmp_path):
    found = {}
    for more in ([], ["--flips"]):
        output = tmp_path / f"evaluation{len(more)}"
        command = ["evaluate", str(left_model), str(dataset.folder), "--output", str(output)]
        assert run([*command, *more]) == 0
        metrics = json.loads((output / "metrics.json").read_text())
        found[len(more)] = (
            metrics["labels"]["species"]["units"]["photo"]["top_1"]["value"],
            metrics["subject"].get("flips"),
        )
    # a fox that shows its dark side is missed by one view, and seen by the mean of two
    assert found == {0: (pytest.approx(0.75), None), 1: (1.0, True)}


def test_calibrate_notes_that_it_was_fitted_with_flips(left_model, dataset, tmp_path):
    output = tmp_path / "calibrated.onnx"
    command = ["calibrate", str(left_model), str(dataset.folder), "--output", str(output)]
    assert run([*command, "--flips", "--method", "temperature"]) == 0
    metadata = {one.key: one.value for one in onnx.load(output).metadata_props}
    assert '"flips": "yes"' in json.dumps(json.loads(metadata["calibration"]))
