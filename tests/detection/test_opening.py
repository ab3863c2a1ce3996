"""Files of detectors: what they say of themselves, and what contradicts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ctc.artifacts.model.detector import Category, DetectorInfo, DetectorInput
from ctc.detection.detector import DetectionConfig
from ctc.detection.opening import load_detector
from ctc.errors import InputError

MEGADETECTOR = (
    Category("animal", "animal"),
    Category("person", "human"),
    Category("vehicle", "vehicle"),
)
ULTRALYTICS = {"task": "detect", "names": "['animal', 'person', 'vehicle']", "imgsz": "[64, 64]"}


@pytest.fixture
def write_network(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a network whose outputs are always the same, for each photo."""

    def write(
        outputs: dict[str, np.ndarray],
        metadata: dict[str, str],
        shape: tuple[Any, ...] = ("batch", 3, 64, 64),
        kind: int = TensorProto.FLOAT,
    ) -> Path:
        node, value = helper.make_node, helper.make_tensor_value_info
        nodes = [
            node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
            node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
            node("Mul", ["mean", "zero"], ["nothing"]),
        ]
        constants = [
            numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"),
            numpy_helper.from_array(np.array(0, np.float32), "zero"),
        ]
        infos = []
        for name, array in outputs.items():
            rank = array.ndim - 1
            column = f"{name}/column"
            shape_of_column = np.array([-1] + [1] * rank, np.int64)
            constants += [
                numpy_helper.from_array(array, f"{name}/value"),
                numpy_helper.from_array(shape_of_column, f"{name}/shape"),
            ]
            nodes += [
                node("Reshape", ["nothing", f"{name}/shape"], [column]),
                node("Add", [column, f"{name}/value"], [name]),
            ]
            infos.append(value(name, TensorProto.FLOAT, ["batch", *array.shape[1:]]))
        inputs = [value("images", kind, list(shape))]
        graph = helper.make_graph(nodes, "constant", inputs, infos, constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        helper.set_model_props(made, metadata)
        onnx.save(made, tmp_path / "detector.onnx")
        return tmp_path / "detector.onnx"

    return write


def yolov8(*boxes: tuple[float, ...], categories: int = 3) -> dict[str, np.ndarray]:
    output = np.zeros((1, 4 + categories, 50), np.float32)
    for column, box in enumerate(boxes):
        output[0, : len(box), column] = box
    return {"output0": output}


def test_load_detector_takes_what_ultralytics_writes(tmp_path, write_bright_detector) -> None:
    opened = load_detector(write_bright_detector(tmp_path / "bright.onnx", (32, 48)))
    assert opened.info.categories == MEGADETECTOR
    assert (opened.layout.name, opened.info.layout) == ("yolov8", "yolov8")
    assert opened.info.input == DetectorInput(32, 48)


def test_load_detector_takes_what_ctc_wrote(tmp_path, write_bright_detector) -> None:
    info = DetectorInfo(
        "yolov8",
        MEGADETECTOR,
        DetectorInput(64, 64, "stretch", channels="bgr", mean=(0.1, 0.2, 0.3)),
        min_confidence=0.3,
        licence="MIT",
        source={"name": "bright"},
    )
    path = write_bright_detector(tmp_path / "bright.onnx", metadata=info.to_metadata())
    assert load_detector(path).info == info


def test_load_detector_reads_the_manifest_beside_it(tmp_path, write_bright_detector) -> None:
    path = write_bright_detector(tmp_path / "bright.onnx", metadata={})
    (tmp_path / "labels.txt").write_text("wildlife\nperson\nvehicle\n", encoding="utf-8")
    (tmp_path / "manifest.toml").write_text(
        '[model]\nfile = "bright.onnx"\nid = "bright"\n'
        '[preprocessing]\nmethod = "resize"\ninput_size = [64, 64]\nlayout = "nchw"\n'
        'normalization = "unit"\n'
        '[postprocessing]\nmethod = "yolo_nms"\nconfidence_threshold = 0.2\n'
        '[labels]\nfile = "labels.txt"\nformat = "one_per_line"\n',
        encoding="utf-8",
    )
    info = load_detector(path).info
    assert [one.name for one in info.categories] == ["wildlife", "person", "vehicle"]
    assert (info.input.resize, info.min_confidence) == ("stretch", 0.2)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "doesn't say which categories it finds: import it once with `ctc import --det"),
        (
            {**ULTRALYTICS, "names": "{0: 'animal'}"},
            r"outputs are output0 \(N, 7, 40\), and it names 1 categories, which is no layout",
        ),
        ({**ULTRALYTICS, "names": "__import__('os')"}, "'names' of its metadata can't be read"),
        ({**ULTRALYTICS, "names": "{1: 'animal'}"}, "doesn't number its categories from 0"),
        (
            {**ULTRALYTICS, "task": "segment"},
            "network of Ultralytics for 'segment', not a detector",
        ),
        ({**ULTRALYTICS, "imgsz": "[32, 32]"}, "its input is 64 × 64, not 32 × 32 as"),
        (
            {**ULTRALYTICS, "names": "['animal', 'rock', 'tree']"},
            r"not known what the categories rock, tree mean: .*--category 'rock=animal'",
        ),
        ({"ctc_format_version": "1"}, "it is a classifier: give it to `ctc predict`"),
        ({"ctc_format_version": "1", "detector": "{}"}, "its metadata is damaged"),
        ({"ctc_format_version": "2", "detector": "{}"}, "this ctc reads up to 1: update ctc"),
    ],
)
def test_load_detector_refuses_files_in_one_line(
    tmp_path, write_bright_detector, metadata, message
) -> None:
    path = write_bright_detector(tmp_path / "bright.onnx", metadata=metadata)
    with pytest.raises(InputError, match=message) as raised:
        load_detector(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "yolov5"}, r"outputs are output0 \(N, 7, 40\).*yolov5: one output"),
        ({"input": DetectorInput(32, 64)}, r"its input is 64 × 64 \(nchw\), not 32 × 64"),
        ({"input": DetectorInput(64, 64, order="nhwc")}, r"not 64 × 64 \(nhwc\)"),
        ({"categories": MEGADETECTOR[:2]}, "names 2 categories, which is no layout"),
    ],
)
def test_load_detector_refuses_metadata_that_contradict_the_network(
    tmp_path, write_bright_detector, change, message
) -> None:
    given: dict[str, Any] = {
        "layout": "yolov8",
        "categories": MEGADETECTOR,
        "input": DetectorInput(64, 64),
    }
    metadata = DetectorInfo(**{**given, **change}).to_metadata()
    path = write_bright_detector(tmp_path / "bright.onnx", metadata=metadata)
    with pytest.raises(InputError, match=message):
        load_detector(path)


def test_load_detector_refuses_a_model_with_labels(model: Path) -> None:
    with pytest.raises(InputError, match="it is a classifier: give it to `ctc predict`"):
        load_detector(model)


def test_detector_gives_the_network_what_its_metadata_say(write_network) -> None:
    images = np.array([[[[255, 51, 0]]]], np.uint8).repeat(64, 1).repeat(64, 2)
    info = DetectorInfo(
        "yolov8",
        MEGADETECTOR,
        DetectorInput(64, 64, channels="bgr", mean=(0.5, 0.2, 0.0), std=(0.5, 0.1, 2.0)),
    )
    path = write_network(yolov8(), info.to_metadata())
    given = load_detector(path).to_input(images)
    assert (given.shape, given.dtype) == ((1, 3, 64, 64), np.float32)
    assert given[0, :, 0, 0] == pytest.approx([-1, 0, 0.5], abs=1e-6)


def test_detector_of_uint8_photos_gets_their_pixels(write_network) -> None:
    info = DetectorInfo("yolov8", MEGADETECTOR, DetectorInput(64, 64, order="nhwc"))
    shape = ("batch", 64, 64, 3)
    path = write_network(yolov8(), info.to_metadata(), shape, TensorProto.UINT8)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    np.testing.assert_array_equal(load_detector(path).to_input(images), images)


def test_detector_of_one_photo_at_a_time_takes_a_batch(write_network) -> None:
    path = write_network(yolov8((32, 32, 10, 10, 0.9)), ULTRALYTICS, (1, 3, 64, 64))
    opened = load_detector(path)
    outputs = opened.run(np.zeros((3, 64, 64, 3), np.uint8))
    assert outputs["output0"].shape == (3, 7, 50)


def test_decode_returns_fractions_of_the_photo(write_network) -> None:
    """A photo of 64 × 32 pixels lies in rows 16 to 48 of the letterbox."""
    boxes = yolov8(
        (16, 24, 32, 16, 0.0, 0.9),  # the left half, the upper half
        (17, 24, 32, 16, 0.0, 0.8),  # nearly the same
        (17, 24, 32, 16, 0.7),  # nearly the same, of another category
        (32, 8, 20, 12, 0.9),  # on the border
        (62, 40, 20, 40, 0.5),  # beyond the edges
        (32, 32, 10, 10, 0.05),  # not sure enough
        (np.nan, 32, 10, 10, 0.9),
    )
    opened = load_detector(write_network(boxes, ULTRALYTICS))
    outputs = opened.run(np.zeros((1, 64, 64, 3), np.uint8))
    (found,) = opened.decode(outputs, [(16, 0, 32, 64)], DetectionConfig())
    assert [(one.category, one.type) for one in found] == [
        ("person", "human"),
        ("animal", "animal"),
        ("animal", "animal"),
    ]
    sides = [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found]
    assert sides[0] == (0, 0, 0.5, 0.5)
    assert sides[2] == pytest.approx((52 / 64, 4 / 32, 12 / 64, 28 / 32))
    assert [one.box.confidence for one in found] == pytest.approx([0.9, 0.7, 0.5])
    for config, count in [
        (DetectionConfig(min_confidence=0.8), 1),
        (DetectionConfig(min_confidence=0.0), 4),
        (DetectionConfig(max_iou=1.0), 4),
    ]:
        assert len(opened.decode(outputs, [(16, 0, 32, 64)], config)[0]) == count


def test_decode_refuses_scores_and_categories_that_cannot_be(write_network) -> None:
    opened = load_detector(write_network(yolov8((32, 32, 10, 10, 7.5)), ULTRALYTICS))
    outputs = opened.run(np.zeros((1, 64, 64, 3), np.uint8))
    with pytest.raises(InputError, match=r"a score of 7.5, above 1: .* or are logits"):
        opened.decode(outputs, [(0, 0, 64, 64)], DetectionConfig())
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [0, 0, 9, 9, 0.9, 5]
    opened = load_detector(write_network({"output0": rows}, ULTRALYTICS))
    outputs = opened.run(np.zeros((1, 64, 64, 3), np.uint8))
    with pytest.raises(InputError, match="found category number 5, but its file names 3"):
        opened.decode(outputs, [(0, 0, 64, 64)], DetectionConfig())


def parsed(metadata: dict[str, str]) -> DetectorInfo | str:
    """Return the metadata, or why they are refused."""
    try:
        return DetectorInfo.from_metadata(metadata)
    except InputError as error:
        return str(error)


def test_hostile_metadata_is_whole_or_refused_in_one_line() -> None:
    good = DetectorInfo("yolov8", MEGADETECTOR, DetectorInput(64, 64)).to_metadata()
    content = json.loads(good["detector"])
    values: tuple[Any, ...] = (None, True, -1, 1e999, "x", [], {}, [1], [["a"]], "\ud800")
    for key in content:
        for value in values:
            found = parsed({**good, "detector": json.dumps({**content, key: value})})
            if isinstance(found, str):
                assert "\n" not in found
            else:
                json.dumps(found.to_metadata())
