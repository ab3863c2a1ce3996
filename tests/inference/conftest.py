"""Model files whose answers can be worked out by hand, and photos of one colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ctc.artifacts.model_file import INPUT_NAME, ModelInfo
from ctc.artifacts.preprocessing import Preprocessing

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}
# (red, green, blue) mean in 0–1 to logits: fox = red, wolf = blue; one = 0, more = green
WEIGHTS = {"species": [[1, 0], [0, 0], [0, 1]], "count": [[0, 0], [0, 1], [0, 0]]}

BuildModel = Callable[..., Path]
Draw = Callable[..., Path]


@pytest.fixture
def build_model(tmp_path: Path) -> BuildModel:
    """A function that writes a model file and returns its path; p(fox) = 1 / (1 + exp(blue - red)),
    p("2+") = 1 / (1 + exp(-green)), of the photo's mean colour in 0–1."""

    def build(
        name: str = "model.onnx", metadata: dict[str, str] | None = None, **changes: Any
    ) -> Path:
        size = changes.pop("size", (8, 12))
        info = ModelInfo(
            changes.pop("labels", LABELS),
            Preprocessing(
                *size,
                changes.pop("resize", "stretch"),
                changes.pop("image_choice", "random"),
                changes.pop("crop_margin", None),
            ),
            thresholds=changes.pop("thresholds", {}),
            multi_label=changes.pop("multi_label", ()),
        )
        model = network(**{"size": size, **changes})
        helper.set_model_props(model, info.to_metadata() if metadata is None else metadata)
        (tmp_path / name).write_bytes(model.SerializeToString())
        return tmp_path / name

    return build


@pytest.fixture
def model(build_model: BuildModel) -> Path:
    return build_model()


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """A function that saves a photo of one colour below `tmp_path` and returns its path."""

    def save(name: str, color: tuple[int, int, int] = (255, 0, 0)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 16), color).save(path, "PNG")
        return path

    return save


def network(
    size: tuple[int, int] = (8, 12),
    batch: str | int = "batch",
    pixels: int = TensorProto.UINT8,
    classes: int = 2,
    bias: float = 0.0,
    fits: int = 1 << 30,
    per_photo: float = 0.0,
) -> onnx.ModelProto:
    """Cast, mean over the pixels, one linear layer and a softmax per label; `bias` is added before
    both, and `per_photo` for each photo of the batch. More than `fits` photos at a time need more
    memory than there is address space."""
    constants = {
        "axes": np.array([1, 2], np.int64),
        "white": np.array(255, np.float32),
        "bias": np.array(bias, np.float32),
        "fits": np.array([fits], np.int64),
        "per_photo": np.array(per_photo, np.float32),
        "more": np.array([1 << 50], np.int64),
        "one": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Shape", [INPUT_NAME], ["photos"], end=1),
        helper.make_node("Cast", ["photos"], ["count_of_photos"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["count_of_photos", "per_photo"], ["for_the_batch"]),
        helper.make_node("Greater", ["photos", "fits"], ["too_many"]),
        helper.make_node("Where", ["too_many", "more", "one"], ["needed"]),
        helper.make_node("ConstantOfShape", ["needed"], ["memory"]),
        helper.make_node("ReduceSum", ["memory"], ["zero"], keepdims=0),
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "white"], ["unbiased"]),
        helper.make_node("Sum", ["unbiased", "bias", "zero", "for_the_batch"], ["color"]),
    ]
    for label, weights in WEIGHTS.items():
        constants[f"{label}_weights"] = np.array(weights, np.float32)[
            :, [0, 1] + [1] * (classes - 2)
        ]
        nodes.append(helper.make_node("MatMul", ["color", f"{label}_weights"], [f"{label}_logits"]))
        nodes.append(helper.make_node("Softmax", [f"{label}_logits"], [label], axis=1))
    graph = helper.make_graph(
        nodes,
        "by hand",
        [helper.make_tensor_value_info(INPUT_NAME, pixels, [batch, *size, 3])],
        [
            helper.make_tensor_value_info(label, TensorProto.FLOAT, [batch, classes])
            for label in WEIGHTS
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
