"""A small network, a trained one, and a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")

LABELS = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
SIDE = 50
MEAN, STD = (0.4, 0.4, 0.4), (0.2, 0.2, 0.2)
COLORS = np.array([(90, 60, 40), (190, 120, 60), (220, 70, 30)])


@pytest.fixture(scope="session")
def build_network() -> Callable[..., Any]:
    """Return a function that builds a network of one convolution.

    Its argument is the number of classes per label.
    """
    import keras

    def build(labels: dict[str, int], height: int = 24, width: int = 32) -> Any:
        keras.utils.set_random_seed(0)
        images = keras.Input((height, width, 3), dtype="uint8")
        x = keras.layers.Rescaling(1 / 64, -2.0)(images)
        x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(x)
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(x))
        heads = {
            label: keras.layers.Dense(
                classes, "softmax", kernel_initializer="he_normal", name=f"head_{i}"
            )(x)
            for i, (label, classes) in enumerate(labels.items())
        }
        return keras.Model(images, heads)

    return build


@pytest.fixture
def run_info() -> Callable[..., RunInfo]:
    """Return a function that describes a run: dataset → RunInfo, other fields by keyword."""

    def describe(dataset: Dataset | None = None, **changes: Any) -> RunInfo:
        known = {
            "config": {},
            "backbone": "small_cnn",
            "labels": LABELS,
            "preprocessing": Preprocessing(24, 32),
            "channel_mean": MEAN,
            "channel_std": STD,
            "dataset": {"path": str(dataset.folder), "fingerprint": dataset.fingerprint()}
            if dataset
            else {"path": "", "fingerprint": "f"},
            "seed": 3,
            "versions": {"ctc": "test"},
        }
        return RunInfo(**(known | changes))

    return describe


@pytest.fixture(scope="session")
def trained_network() -> Any:
    """Train a small_cnn on colours for a few steps: it predicts different species."""
    import keras

    from ctc.plugin import Backbone
    from ctc.plugin.manager import plugins
    from ctc.training.model.network import build_network

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    classes = {label: len(names) for label, names in LABELS.items()}
    network = build_network(plugins().get(Backbone, "small_cnn"), classes, SIDE, SIDE, MEAN, STD)
    network.compile(
        keras.optimizers.Adam(0.01), dict.fromkeys(LABELS, "sparse_categorical_crossentropy")
    )
    for _ in range(12):
        species, count = rng.integers(0, 3, 24), rng.integers(0, 2, 24)
        photos = rng.integers(60, 140, (24, SIDE, SIDE, 3))
        photos[:, 10:35, 10:40, :] = COLORS[species][:, None, None, :]
        network.train_on_batch(photos.astype(np.uint8), {"species": species, "count": count})
    return network


@pytest.fixture
def run(tmp_path: Path, tiny_dataset, run_info, trained_network) -> Run:
    """Write a run folder like that of `ctc train`."""
    from ctc.training.model.network import save_weights

    made = Run(tmp_path / "run")
    made.folder.mkdir()
    made.write(run_info(tiny_dataset(), preprocessing=Preprocessing(SIDE, SIDE)))
    save_weights(trained_network, made.best_weights)
    return made
