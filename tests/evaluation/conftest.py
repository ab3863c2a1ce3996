"""Predictions as columns, and a model that predicts by a photo's mean colour alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.file import INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.statistics.clusters import Clusters
from ctc.images import encode_jpeg

SPECIES = ("empty", "fox", "wolf")
COLORS = {"empty": (40, 160, 40), "fox": (200, 60, 40), "wolf": (40, 60, 200)}
SIZE = (16, 24)

MakeData = Callable[..., EvaluationData]
BuildModel = Callable[..., Path]


@pytest.fixture
def estimator_of() -> Callable[..., Estimator]:
    """A function that makes the estimator of predictions, each an event of its own by default.

    It takes which are right (N,), and may take the `event` of each (N,) and the `location` (N,).
    """

    def make(right: Any, event: Any = None, location: Any = None) -> Estimator:
        right = np.asarray(right, bool)
        numbers = np.arange(len(right)) if event is None else np.asarray(event)
        unknown = np.full(len(right), -1)
        clusters = Clusters(numbers, unknown if location is None else np.asarray(location))
        return Estimator.from_events(clusters, np.arange(len(right), dtype=np.int32), right)

    return make


@pytest.fixture
def make_data() -> MakeData:
    """A function that makes `EvaluationData` with the label `species` and predictions per event.

    It takes truth (E,) and probabilities (E, classes).
    """

    def make(
        truth: Sequence[int], probabilities: Any, classes: Sequence[str] | None = None, **more: Any
    ) -> EvaluationData:
        values = np.asarray(probabilities, np.float32)
        count = len(values)
        names = tuple(classes or [f"class {i}" for i in range(values.shape[1])])
        paths = tuple(f"photos/{i}.jpg" for i in range(count))
        known = {
            "classes": {"species": names},
            "event_ids": tuple(f"event {i}" for i in range(count)),
            "truth": {"species": np.asarray(truth, np.int32)},
            "photos_in_event": np.ones(count, np.int32),
            "location": np.full(count, -1, np.int32),
            "locations": (),
            "light": np.full(count, -1, np.int8),
            "timestamps": ("",) * count,
            "events": UnitPredictions(np.arange(count, dtype=np.int32), paths, {"species": values}),
            "photos": None,
        }
        return EvaluationData(**(known | more))

    return make


@pytest.fixture
def colour_dataset(dataset_of) -> Dataset:
    """Splits of 48 events at 4 locations, with 1–3 photos in the colour of their species.

    Every sixth event has the colour of another species.
    """
    return dataset_of(
        {
            split: [event_of_colour(split, i) for i in range(48)]
            for split in ("train", "val", "test")
        },
        {"species": SPECIES},
    )


@pytest.fixture
def colour_event() -> Callable[..., EventRecord]:
    """A function that makes event i of a split of `colour_dataset`."""
    return event_of_colour


def event_of_colour(split: str, i: int) -> EventRecord:
    species = SPECIES[i % 3]
    shown = SPECIES[(i + 1) % 3] if i % 6 == 5 else species
    photos = [_photo(COLORS[shown], 10 * i + n) for n in range(1 + i % 3)]
    return EventRecord(
        event_id=f"{split}-{i}",
        jpegs=tuple(encode_jpeg(photo, 95) for photo in photos),
        sizes=tuple((photo.shape[0], photo.shape[1]) for photo in photos),
        labels={"species": (SPECIES.index(species),)},
        paths=tuple(f"{split}/{i}-{n}.jpg" for n in range(len(photos))),
        meta={"location": f"camera {i % 4}", "datetime": f"2024-03-01T{i % 24:02d}:00:00"},
    )


def _photo(colour: tuple[int, int, int], seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(-30, 30, (32, 48, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def build_model(tmp_path: Path) -> BuildModel:
    """A function that writes a model of the label `species`.

    The logits are `sharpness` × the mean (green, red, blue) in 0–1; `output` is their ONNX type.
    """

    def build(name: str = "model.onnx", sharpness: float = 4.0, **changes: Any) -> Path:
        output = changes.pop("output", TensorProto.FLOAT)
        classes = changes.pop("classes", SPECIES)
        info = ModelInfo(
            {"species": classes},
            Preprocessing(*SIZE, image_choice=changes.pop("image_choice", "random")),
            **changes,
        )
        model = _network(sharpness, output)
        helper.set_model_props(model, info.to_metadata() | {"note": "kept"})
        (tmp_path / name).write_bytes(model.SerializeToString())
        return tmp_path / name

    return build


def _network(sharpness: float, output: int) -> onnx.ModelProto:
    constants = {
        "axes": np.array([1, 2], np.int64),
        "scale": np.array(sharpness / 255, np.float32),
        "order": np.array([1, 0, 2], np.int64),
    }
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
        helper.make_node("Gather", ["scaled", "order"], ["logits"], axis=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("Cast", ["probabilities"], ["species"], to=output),
    ]
    graph = helper.make_graph(
        nodes,
        "by colour",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["batch", *SIZE, 3])],
        [helper.make_tensor_value_info("species", output, ["batch", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
