"""`ctc import` of detectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.model.detector import Category, DetectorInput
from ctc.cli.main import run
from ctc.detection.detector import DetectionConfig
from ctc.detection.opening import load_detector

NAMES = "animal\nperson\nvehicle\n"


def import_network(*arguments: object) -> int:
    return run(["import", *map(str, arguments)])


@pytest.fixture
def ranked_network(tmp_path: Path) -> Path:
    """A network as the authors of D-FINE export theirs: it also asks for the photos' size.

    It finds one box, the middle half of the photo, in units of the given size.
    """
    node, value = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("ReduceMean", ["images", "all"], ["mean"], keepdims=1),
        node("Mul", ["mean", "zero"], ["nothing"]),
        node("Squeeze", ["nothing", "last"], ["per_photo"]),
        node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
        node("Concat", ["sizes", "sizes"], ["twice"], axis=1),
        node("Mul", ["twice", "quarters"], ["corners"]),
        node("Unsqueeze", ["corners", "one"], ["boxes"]),
        node("Add", ["per_photo", "score"], ["scores"]),
        node("Cast", ["per_photo"], ["labels"], to=TensorProto.INT64),
    ]
    constants = {
        "all": np.array([1, 2, 3], np.int64),
        "zero": np.array(0, np.float32),
        "last": np.array([2, 3], np.int64),
        "quarters": np.array([0.25, 0.25, 0.75, 0.75], np.float32),
        "one": np.array([1], np.int64),
        "score": np.array(0.8, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "ranked",
        [
            value("images", TensorProto.FLOAT, ["N", 3, 64, 96]),
            value("orig_target_sizes", TensorProto.INT64, ["N", 2]),
        ],
        [
            value("labels", TensorProto.INT64, ["N", 1]),
            value("boxes", TensorProto.FLOAT, ["N", 1, 4]),
            value("scores", TensorProto.FLOAT, ["N", 1]),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(made, tmp_path / "ranked.onnx")
    return tmp_path / "ranked.onnx"


def test_import_command_recognizes_a_detector(tmp_path, write_bright_detector, capsys) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx")
    output = tmp_path / "detector.onnx"
    arguments = ["--output", output, "--licence", "MIT", "--min-confidence", "0.3"]
    assert import_network(network, *arguments) == 0
    opened = load_detector(output)
    assert opened.info.licence == "MIT"
    assert opened.info.min_confidence == 0.3
    assert opened.info.input == DetectorInput(64, 64)
    assert opened.info.source["name"] == "bright.onnx"
    assert len(opened.info.source["sha256"]) == 64
    assert "/" not in str(opened.info.source)
    printed = capsys.readouterr().err
    assert "read: the metadata of Ultralytics" in printed
    assert "the outputs of the written file equal those of the network" in printed
    assert "a detector (yolov8, 64 × 64, 3 categories)" in printed


def test_import_command_takes_what_options_say(tmp_path, write_bright_detector) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx", metadata={})
    (tmp_path / "names.txt").write_text("wildlife\nranger\nquad bike\n", encoding="utf-8")
    output = tmp_path / "detector.onnx"
    code = import_network(
        *(network, "--output", output, "--detector", "auto", "--classes", tmp_path / "names.txt"),
        *("--category", "ranger=human", "--category", "2=vehicle", "--resize", "stretch"),
        *("--channels", "bgr", "--scale", "1", "--mean", "1,2,3"),
    )
    assert code == 0
    info = load_detector(output).info
    assert info.categories == (
        Category("wildlife", "animal"),
        Category("ranger", "human"),
        Category("quad bike", "vehicle"),
    )
    expected = DetectorInput(64, 64, "stretch", channels="bgr", scale=1.0, mean=(1.0, 2.0, 3.0))
    assert info.input == expected


def test_import_command_makes_the_size_of_photos_a_constant(tmp_path, ranked_network) -> None:
    (tmp_path / "names.txt").write_text(NAMES, encoding="utf-8")
    output = tmp_path / "detector.onnx"
    arguments = ["--detector", "auto", "--classes", tmp_path / "names.txt", "--output", output]
    assert import_network(ranked_network, *arguments) == 0
    opened = load_detector(output)
    assert (opened.info.layout, opened.info.input.resize) == ("dfine", "stretch")
    outputs = opened.run(np.zeros((3, 64, 96, 3), np.uint8))
    found = opened.decode(outputs, [(0, 0, 64, 96)] * 3, DetectionConfig())
    assert [(box.box.x, box.box.y, box.box.width, box.box.height) for (box,) in found] == [
        (0.25, 0.25, 0.5, 0.5)
    ] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--detector", "auto"], 1, "doesn't say which categories it finds"),
        (
            ["--detector", "auto", "--classes", "lines.json"],
            1,
            r"class 2 of the command is 'per\nson', which holds a line break",
        ),
        (["--detector", "yolov5", "--classes", "names.txt"], 1, "no layout known (yolov5: one"),
        (["--detector", "yolo9000", "--classes", "names.txt"], 2, "no detector called 'yolo9000'"),
        (["--detector", "auto", "--classes", "few.txt"], 1, "and it names 2 categories"),
        (["--detector", "auto", "--classes", "odd.txt"], 1, "not known what the categories rock"),
        (
            ["--detector", "auto", "--classes", "names.txt", "--category", "7=animal"],
            1,
            "has no category '7'",
        ),
        (["--detector", "auto", "--category", "animal"], 2, "is no NAME=TYPE"),
        (["--detector", "auto", "--activation", "softmax"], 2, "--activation is for classifiers"),
        (
            ["--detector", "auto", "--size", "32x32", "--classes", "names.txt"],
            1,
            "is 64 × 64, not 32 × 32",
        ),
        (["--category", "0=animal", "--classes", "names.txt"], 2, "--category is for detectors"),
    ],
)
def test_import_command_refuses_detectors_in_one_line(
    tmp_path, write_bright_detector, monkeypatch, capsys, arguments, code, message
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bright_detector(tmp_path / "bright.onnx", metadata={})
    for name, text in [
        ("names.txt", NAMES),
        ("few.txt", "animal\nperson\n"),
        ("odd.txt", "animal\nrock\nperson\n"),
        ("lines.json", '["animal", "per\\nson", "vehicle"]'),
    ]:
        Path(name).write_text(text, encoding="utf-8")
    assert import_network("bright.onnx", "--output", "d.onnx", *arguments) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert Path("d.onnx").exists() == (code == 0)


def test_import_command_tells_a_classifier_by_its_outputs(tmp_path, write_network, capsys) -> None:
    arguments = ["--detector", "auto", "--output", tmp_path / "d.onnx"]
    assert import_network(write_network(), *arguments) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "its outputs are output (N, 3), which is no layout known (" in told
    assert "yolov8: one output (N," in told
    assert told.endswith("; if it is a classifier, import it without --detector")


def test_import_command_refuses_a_detector_of_ctc(tmp_path, write_bright_detector, capsys) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx")
    assert import_network(network, "--output", tmp_path / "detector.onnx") == 0
    again = ["--detector", "auto", "--output", tmp_path / "again.onnx"]
    assert import_network(tmp_path / "detector.onnx", *again) == 2
    assert "is a model file of ctc already" in capsys.readouterr().err


@pytest.fixture
def bright_photos(tmp_path: Path) -> Path:
    """Photos with one bright rectangle each."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(8):
        photo = np.full((96, 96, 3), 60, np.uint8)
        photo[10 + number : 60, 5 * number : 40 + 5 * number] = 250
        Image.fromarray(photo).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(("precision", "kind"), [("int8", "int8"), ("float16", "float16")])
def test_import_command_makes_a_smaller_detector(
    tmp_path, write_bright_detector, bright_photos, precision, kind, capsys
) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx", convolutions=True)
    output = tmp_path / "detector.onnx"
    arguments = ["--precision", precision, "--calibration-photos", bright_photos]
    assert import_network(network, "--output", output, *arguments) == 0
    opened = load_detector(output)
    assert opened.info.provenance["precision"] == precision
    assert opened.info.provenance["parity"]["kept"] == 1
    assert opened.info.provenance["parity"]["overlap"] > 0.9
    weights = {tensor.data_type for tensor in onnx.load(output).graph.initializer}
    assert {"int8": TensorProto.INT8, "float16": TensorProto.FLOAT16}[kind] in weights
    assert "100.0% of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--precision", "int8"], 2, "needs photos to measure on what it loses"),
        (
            ["--precision", "int8", "--calibration-photos", "{dark}"],
            1,
            "the detector finds nothing in the",
        ),
        (
            ["--precision", "int8", "--calibration-photos", "{photos}", "--min-agreement", "1.0"],
            0,
            "",
        ),
    ],
)
def test_import_command_measures_what_a_smaller_detector_loses(
    tmp_path, write_bright_detector, bright_photos, arguments, code, message, capsys
) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx", convolutions=True)
    dark = tmp_path / "dark"
    dark.mkdir()
    for number in range(4):
        Image.new("RGB", (64, 64), (40, number, 40)).save(dark / f"{number}.png")
    places = {"{dark}": dark, "{photos}": bright_photos}
    given = [places.get(argument, argument) for argument in arguments]
    output = tmp_path / "detector.onnx"
    assert import_network(network, "--output", output, *given) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert output.exists() == (code == 0)


def test_import_command_refuses_a_network_without_convolutions(
    tmp_path, write_bright_detector, bright_photos, capsys
) -> None:
    network = write_bright_detector(tmp_path / "bright.onnx")
    arguments = ["--precision", "int8", "--calibration-photos", bright_photos]
    assert import_network(network, "--output", tmp_path / "detector.onnx", *arguments) == 1
    assert "has no convolutions that could be smaller" in capsys.readouterr().err
