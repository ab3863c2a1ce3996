"""What tests share: the photos beside the checkout, a small dataset folder, and a model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model_file import INPUT_NAME, ModelInfo
from ctc.artifacts.preprocessing import Preprocessing
from ctc.testing import TINY_SPLITS, build_dataset, write_dataset

BuildDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos and formats beside the checkout; tests that need it skip where it
    isn't there."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the real photos in '{folder}', which is not there")
    return folder


@pytest.fixture
def tiny_dataset(tmp_path: Path) -> BuildDataset:
    """A function that writes a dataset folder and opens it: see `build_dataset`; by default below
    `tmp_path`."""

    def build(
        splits: Mapping[str, int] | None = None,
        shards: int = 2,
        smallest_side: int = 60,
        name: str = "dataset",
    ) -> Dataset:
        return build_dataset(tmp_path / name, splits or TINY_SPLITS, shards, smallest_side)

    return build


@pytest.fixture
def dataset_of(tmp_path: Path) -> BuildDataset:
    """A function that writes a dataset folder with just the given events: see `write_dataset`."""

    def build(
        events: Mapping[str, list[EventRecord]],
        classes: Mapping[str, tuple[str, ...]],
        shards: int = 1,
        name: str = "dataset",
    ) -> Dataset:
        folder = tmp_path / name
        folder.mkdir()
        return write_dataset(folder, events, classes, shards)

    return build


@pytest.fixture(scope="session")
def red_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that tells red photos from others: the mean of the red channel decides."""
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["species"]),
    ]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["N", 32, 32, 3])],
        [helper.make_tensor_value_info("species", TensorProto.FLOAT, ["N", 2])],
        [
            onnx.numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            onnx.numpy_helper.from_array(
                np.array([[-0.1, 0.1], [0.1, -0.1], [0.1, -0.1]], np.float32), "weights"
            ),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(
        made, ModelInfo({"species": ("boar", "fox")}, Preprocessing(32, 32)).to_metadata()
    )
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.save(made, path)
    return path
