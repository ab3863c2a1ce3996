"""A small network and the run it could come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")

LABELS = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}


@pytest.fixture(scope="session")
def build_network() -> Callable[..., Any]:
    """A function that makes a network of one convolution: labels and the number of their classes → keras.Model."""
    import keras

    def build(labels: dict[str, int], height: int = 24, width: int = 32) -> Any:
        keras.utils.set_random_seed(0)
        images = keras.Input((height, width, 3), dtype="uint8")
        x = keras.layers.Rescaling(1 / 64, -2.0)(images)
        x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(x)
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(x))
        heads = {
            label: keras.layers.Dense(classes, "softmax", kernel_initializer="he_normal", name=f"head_{i}")(x)
            for i, (label, classes) in enumerate(labels.items())
        }
        return keras.Model(images, heads)

    return build


@pytest.fixture
def run_info() -> Callable[..., RunInfo]:
    """A function that describes a run: dataset → RunInfo, with other fields by keyword."""

    def describe(dataset: Dataset | None = None, **changes: Any) -> RunInfo:
        known = {
            "config": {},
            "backbone": "small_cnn",
            "labels": LABELS,
            "preprocessing": Preprocessing(24, 32),
            "channel_mean": (0.4, 0.4, 0.4),
            "channel_std": (0.2, 0.2, 0.2),
            "dataset": {"path": str(dataset.folder), "fingerprint": dataset.fingerprint()}
            if dataset
            else {"path": "", "fingerprint": "f"},
            "seed": 3,
            "versions": {"ctc": "test"},
        }
        return RunInfo(**(known | changes))

    return describe


@pytest.fixture
def run(tmp_path: Path, tiny_dataset, run_info) -> Run:
    """A run folder as `ctc train` leaves it, of a small_cnn that nobody trained."""
    import keras

    from ctc.plugin import Backbone
    from ctc.plugin.manager import plugins
    from ctc.training.network import build_network, save_weights

    made = Run(tmp_path / "run")
    made.folder.mkdir()
    info = run_info(tiny_dataset(), preprocessing=Preprocessing(50, 50))
    made.write(info)
    keras.utils.set_random_seed(1)
    backbone = plugins().get(Backbone, "small_cnn")
    labels = {label: len(classes) for label, classes in LABELS.items()}
    save_weights(build_network(backbone, labels, 50, 50, info.channel_mean, info.channel_std), made.best_weights)
    return made
