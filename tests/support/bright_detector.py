"""A detector that finds the bright pixels of a photo, as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ULTRALYTICS = {"task": "detect", "names": "{0: 'animal', 1: 'person', 2: 'vehicle'}"}
CONFIDENCE, LIMIT = 0.9, 0.8
BOXES = 40
"""Columns of the output: the box, and then nothing."""

node = helper.make_node


def write_bright_detector(
    path: Path,
    size: tuple[int, int] = (64, 64),
    metadata: dict[str, str] | None = None,
    category: int = 0,
    convolutions: bool = False,
) -> Path:
    """Write the file: it finds the box of all pixels above LIMIT, with CONFIDENCE, or none.

    The outputs are those of a YOLOv8 with the categories animal, person and vehicle, as Ultralytics
    exports it, unless `metadata` are given. With `convolutions` the mean of the channels is that of
    two convolutions.
    """
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        _nodes(convolutions),
        "bright",
        [value("images", TensorProto.FLOAT, ["batch", 3, *size])],
        [value("output0", TensorProto.FLOAT, ["batch", 7, BOXES])],
        [numpy_helper.from_array(array, name) for name, array in _constants(category).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    told = {**ULTRALYTICS, "imgsz": str(list(size))} if metadata is None else metadata
    helper.set_model_props(made, told)
    onnx.save(made, path)
    return path


def _nodes(convolutions: bool) -> list[onnx.NodeProto]:
    return [
        *(_gray_by_convolutions() if convolutions else _gray()),
        node("Greater", ["gray", "limit"], ["is_bright"]),
        node("Cast", ["is_bright"], ["bright"], to=TensorProto.FLOAT),
        *_extent("x", "rows"),
        *_extent("y", "columns"),
        *_output(),
    ]


def _gray() -> list[onnx.NodeProto]:
    """The mean of the channels, (N, height, width)."""
    return [node("ReduceMean", ["images", "channel"], ["gray"], keepdims=0)]


def _gray_by_convolutions() -> list[onnx.NodeProto]:
    return [
        node("Conv", ["images", "first_kernel"], ["eight"]),
        node("Relu", ["eight"], ["positive"]),
        node("Conv", ["positive", "second_kernel"], ["one_channel"]),
        node("Squeeze", ["one_channel", "channel"], ["gray"]),
    ]


def _extent(side: str, across: str) -> list[onnx.NodeProto]:
    """The centre and the length of the bright pixels along one side, in pixels, (N, 1) each."""
    last = {"axis": 1, "keepdims": 1, "select_last_index": 1}
    return [
        node("ReduceMax", ["bright", across], [f"line_{side}"], keepdims=0),
        node("ArgMax", [f"line_{side}"], [f"first_{side}"], axis=1, keepdims=1),
        node("ArgMax", [f"line_{side}"], [f"last_{side}"], **last),
        node("Cast", [f"first_{side}"], [f"start_{side}"], to=TensorProto.FLOAT),
        node("Cast", [f"last_{side}"], [f"last_pixel_{side}"], to=TensorProto.FLOAT),
        node("Add", [f"last_pixel_{side}", "one"], [f"end_{side}"]),
        node("Sub", [f"end_{side}", f"start_{side}"], [f"length_{side}"]),
        node("Add", [f"end_{side}", f"start_{side}"], [f"twice_{side}"]),
        node("Mul", [f"twice_{side}", "half"], [f"center_{side}"]),
    ]


def _output() -> list[onnx.NodeProto]:
    """The box and its scores in the first of the output's columns, (N, 7, BOXES)."""
    box = ["center_x", "center_y", "length_x", "length_y", "scores"]
    return [
        node("ReduceMax", ["line_x", "second"], ["found"], keepdims=1),
        node("MatMul", ["found", "confidences"], ["scores"]),
        node("Concat", box, ["box"], axis=1),
        node("Unsqueeze", ["box", "third"], ["boxes"]),
        node("MatMul", ["boxes", "only_first"], ["output0"]),
    ]


def _constants(category: int) -> dict[str, Any]:
    return {
        "channel": np.array([1], np.int64),
        "rows": np.array([1], np.int64),
        "columns": np.array([2], np.int64),
        "second": np.array([1], np.int64),
        "third": np.array([2], np.int64),
        "limit": np.array(LIMIT, np.float32),
        "one": np.array(1, np.float32),
        "half": np.array(0.5, np.float32),
        "confidences": np.eye(3, dtype=np.float32)[[category]] * np.float32(CONFIDENCE),
        "only_first": np.eye(1, BOXES, dtype=np.float32),
        "first_kernel": np.full((8, 3, 1, 1), 1 / 3, np.float32),
        "second_kernel": np.full((1, 8, 1, 1), 1 / 8, np.float32),
    }
