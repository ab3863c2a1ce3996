"""A detector of random numbers with the shape and the cost of a small YOLO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ctc.artifacts.model.detector import Category, DetectorInfo, DetectorInput

SIDE = 640
CATEGORIES = (
    Category("animal", "animal"),
    Category("person", "human"),
    Category("vehicle", "vehicle"),
)
STAGES = ((16, 0), (32, 2), (64, 4), (128, 4), (256, 2))
"""Channels of each halving of the size, and the convolutions after it."""
HEADS = 3
"""The last stages, each with boxes for every cell: 8,400 in all."""


SPARROW_ID = "network"
SPARROW_MANIFEST = f"""[model]
id = "{SPARROW_ID}"
format = "onnx"
file = "model.onnx"
[preprocessing]
method = "letterbox"
input_size = [{SIDE}, {SIDE}]
layout = "nchw"
normalization = "unit"
[inference]
strategy = "single"
[postprocessing]
method = "megadet_v5a"
confidence_threshold = 0.5
iou_threshold = 0.45
[labels]
file = "labels.txt"
format = "one_per_line"
"""


def for_sparrow(detector: Path, folder: Path) -> Path:
    """Write the network as Sparrow Engine takes it, and return the folder of its models.

    Its layout is that of YOLOv5, (N, boxes, 5 + categories): the score for being anything is 1.
    """
    model = onnx.load(detector)
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([4, len(CATEGORIES)], np.int64), "sides_and_scores"),
            numpy_helper.from_array(np.array(0, np.float32), "nothing"),
            numpy_helper.from_array(np.array(1, np.float32), "anything"),
            numpy_helper.from_array(np.array([0], np.int64), "first"),
            numpy_helper.from_array(np.array([1], np.int64), "second"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Transpose", ["output0"], ["rows"], perm=[0, 2, 1]),
            helper.make_node("Split", ["rows", "sides_and_scores"], ["sides", "classes"], axis=2),
            helper.make_node("Slice", ["classes", "first", "second", "axis"], ["one_class"]),
            helper.make_node("Mul", ["one_class", "nothing"], ["zeros"]),
            helper.make_node("Add", ["zeros", "anything"], ["objectness"]),
            helper.make_node("Concat", ["sides", "objectness", "classes"], ["output"], axis=2),
        ]
    )
    graph.initializer.append(numpy_helper.from_array(np.array([2], np.int64), "axis"))
    del graph.output[:]
    boxes = sum((SIDE >> step) ** 2 for step in (3, 4, 5))
    shape = ["N", boxes, 5 + len(CATEGORIES)]
    graph.output.append(helper.make_tensor_value_info("output", TensorProto.FLOAT, shape))
    place = folder / SPARROW_ID
    place.mkdir(parents=True)
    onnx.save(model, place / "model.onnx")
    (place / "labels.txt").write_text("".join(f"{one.name}\n" for one in CATEGORIES))
    (place / "manifest.toml").write_text(SPARROW_MANIFEST)
    return folder


def write_detector(
    path: Path, side: int = SIDE, stages: Sequence[tuple[int, int]] = STAGES
) -> Path:
    """Write the file of a detector in YOLOv8's layout, and return its path."""
    generator = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def conv(value: str, name: str, inputs: int, outputs: int, size: int, stride: int) -> str:
        scale = np.sqrt(2 / (inputs * size * size))
        kernel = generator.normal(0, scale, (outputs, inputs, size, size)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"{name}/kernel"))
        pads = [size // 2] * 4
        given = [value, f"{name}/kernel"]
        nodes.append(helper.make_node("Conv", given, [name], strides=[stride] * 2, pads=pads))
        return name

    def activate(value: str) -> str:
        nodes.append(helper.make_node("Sigmoid", [value], [f"{value}/gate"]))
        nodes.append(helper.make_node("Mul", [value, f"{value}/gate"], [f"{value}/silu"]))
        return f"{value}/silu"

    value, channels, ends = "images", 3, []
    for stage, (width, more) in enumerate(stages):
        value = activate(conv(value, f"down{stage}", channels, width, 3, 2))
        for number in range(more):
            value = activate(conv(value, f"conv{stage}_{number}", width, width, 3, 1))
        channels = width
        ends.append((value, width))
    parts = []
    for number, (head, width) in enumerate(ends[-HEADS:]):
        raw = conv(head, f"head{number}", width, 4 + len(CATEGORIES), 1, 1)
        nodes.append(helper.make_node("Reshape", [raw, "flat"], [f"cells{number}"]))
        parts.append(f"cells{number}")
    nodes += [
        helper.make_node("Concat", parts, ["cells"], axis=2),
        helper.make_node("Sigmoid", ["cells"], ["shares"]),
        helper.make_node("Split", ["shares", "sizes"], ["box_shares", "scores"], axis=1),
        helper.make_node("Mul", ["box_shares", "side"], ["boxes"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    weights += [
        numpy_helper.from_array(np.array([0, 4 + len(CATEGORIES), -1], np.int64), "flat"),
        numpy_helper.from_array(np.array([4, len(CATEGORIES)], np.int64), "sizes"),
        numpy_helper.from_array(np.array(side, np.float32), "side"),
    ]
    steps = range(len(stages) - HEADS + 1, len(stages) + 1)
    shape = ["N", 4 + len(CATEGORIES), sum((side >> step) ** 2 for step in steps)]
    graph = helper.make_graph(
        nodes,
        "yolo",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, side, side])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, shape)],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    info = DetectorInfo("yolov8", CATEGORIES, DetectorInput(side, side))
    helper.set_model_props(made, info.to_metadata())
    onnx.save(made, path)
    return path
