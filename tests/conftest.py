"""Fixtures of all tests: real photos, small dataset folders, and model files."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.file import FEATURES_OUTPUT, INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.testing import TINY_SPLITS, build_dataset, write_dataset

BuildDataset = Callable[..., Dataset]

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}
# (red, green, blue) mean in 0–1 to logits: fox = red, wolf = blue; one = 0, more = green
WEIGHTS = {"species": [[1, 0], [0, 0], [0, 1]], "count": [[0, 0], [0, 1], [0, 0]]}


def pytest_configure() -> None:
    """Undo what `nohup`, or a shell without job control, does: children ignore these signals."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos next to the checkout; skips the test without it."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the real photos in '{folder}', which is not there")
    return folder


@pytest.fixture
def tiny_dataset(tmp_path: Path) -> BuildDataset:
    """A function that writes a dataset below `tmp_path` and opens it; see `build_dataset`."""

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
    """A function that writes a dataset folder with the given events, see `write_dataset`."""

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
    """A model file that decides by the mean of the red channel: 'fox' if it is high."""
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


@pytest.fixture(scope="session")
def lite0_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-Lite0 with ImageNet's weights, an ONNX file that ctc did not write.

    Input `x`: float32 (N, 3, 224, 224), RGB, (pixel - 127) / 128. Outputs: `features` (N, 1280) and
    `probabilities` (N, 1000).
    """
    import onnx
    from efficientnet_lite0 import PACKAGE, build_network, find_weights

    weights = find_weights()
    if weights is None:
        pytest.skip(f"needs the weights in the package {PACKAGE}")
    path = tmp_path_factory.mktemp("lite0") / "lite0.onnx"
    onnx.save(build_network(weights), path)
    return path


@pytest.fixture(scope="session")
def lite0_features(lite0_network: Path) -> Path:
    """A model file without labels whose `features`, (N, 1280), are those of EfficientNet-Lite0."""
    from efficientnet_lite0 import MEAN, STD

    from ctc.model_import.config import ImportConfig
    from ctc.model_import.run import import_network

    path = lite0_network.with_name("features.onnx")
    options = {"scale": 1.0, "mean": (MEAN,) * 3, "std": (STD,) * 3, "licence": "Apache-2.0"}
    import_network(ImportConfig(lite0_network, path, features="features", **options))
    return path


@pytest.fixture(scope="session")
def write_endless_model() -> Callable[[Path], Path]:
    """A function that writes a model file whose network holds a loop without end."""

    def write(path: Path) -> Path:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        value = helper.make_tensor_value_info
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["go_on"], ["goes_on"]),
                helper.make_node("Add", ["before", "one"], ["after"]),
            ],
            "body",
            [
                value("iteration", TensorProto.INT64, []),
                value("go_on", TensorProto.BOOL, []),
                value("before", TensorProto.FLOAT, []),
            ],
            [value("goes_on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, [])],
            [numpy_helper.from_array(np.float32(1), "one")],
        )
        nodes = [
            helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
            helper.make_node("ReduceMean", ["float"], ["start"], keepdims=0),
            helper.make_node("Equal", ["start", "start"], ["always"]),
            helper.make_node("Loop", ["", "always", "start"], ["end"], body=body),
            helper.make_node("MatMul", ["mean", "weights"], ["colour"]),
            helper.make_node("Add", ["colour", "end"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["species"], axis=1),
        ]
        graph = helper.make_graph(
            nodes,
            "endless",
            [value(INPUT_NAME, TensorProto.UINT8, ["N", 8, 12, 3])],
            [value("species", TensorProto.FLOAT, ["N", 2])],
            [
                numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
                numpy_helper.from_array(np.ones((3, 2), np.float32), "weights"),
            ],
        )
        opset = [helper.make_opsetid("", 18)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=9)
        info = ModelInfo({"species": ("fox", "wolf")}, Preprocessing(8, 12))
        helper.set_model_props(made, info.to_metadata())
        onnx.save(made, path)
        return path

    return write


@pytest.fixture(scope="session")
def write_bright_detector() -> Callable[..., Path]:
    """A function that writes a detector's file, see `bright_detector.write_bright_detector`."""
    from bright_detector import write_bright_detector

    return write_bright_detector


@pytest.fixture
def build_model(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a model file and returns its path.

    p(fox) = 1 / (1 + exp(blue - red)), p("2+") = 1 / (1 + exp(-green)), of the photo's mean colour
    in 0–1. With `features=True` the mean colour itself is the output `features`, (N, 3).
    """
    from onnx import helper

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
            provenance=changes.pop("provenance", {}),
            multi_label=changes.pop("multi_label", ()),
            feature_size=3 if changes.get("features") else None,
        )
        made = color_network(**{"size": size, **changes})
        helper.set_model_props(made, info.to_metadata() if metadata is None else metadata)
        (tmp_path / name).write_bytes(made.SerializeToString())
        return tmp_path / name

    return build


@pytest.fixture
def model(build_model: Callable[..., Path]) -> Path:
    return build_model()


def color_network(
    size: tuple[int, int] = (8, 12),
    batch: str | int = "batch",
    pixels: int | None = None,
    classes: int = 2,
    bias: float = 0.0,
    fits: int = 1 << 30,
    per_photo: float = 0.0,
    features: bool = False,
) -> Any:
    """Return a network: cast, mean over the pixels, and per label one linear layer and a softmax.

    With `features` the mean over the pixels, (N, 3) in 0–1, is an output of that name. `bias` is
    added before both, and `per_photo` for each photo of the batch. More than `fits` photos at a
    time need more memory than there is address space.
    """
    from onnx import TensorProto, helper, numpy_helper

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
    if features:
        nodes.append(helper.make_node("Identity", ["color"], [FEATURES_OUTPUT]))
    for label, weights in WEIGHTS.items():
        constants[f"{label}_weights"] = np.array(weights, np.float32)[
            :, [0, 1] + [1] * (classes - 2)
        ]
        nodes.append(helper.make_node("MatMul", ["color", f"{label}_weights"], [f"{label}_logits"]))
        nodes.append(helper.make_node("Softmax", [f"{label}_logits"], [label], axis=1))
    graph = helper.make_graph(
        nodes,
        "by hand",
        [helper.make_tensor_value_info(INPUT_NAME, pixels or TensorProto.UINT8, [batch, *size, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, count])
            for name, count in [
                *((label, classes) for label in WEIGHTS),
                *([(FEATURES_OUTPUT, 3)] if features else []),
            ]
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
