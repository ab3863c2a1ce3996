"""Grad-CAM, compared with a closed form that needs no gradients."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.evaluation.explain.gradcam import gradcam
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.training.model.network import build_network, get_backbone, load_network, save_weights

pytestmark = pytest.mark.tensorflow

LABELS = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
SIDE = 64


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A small_cnn with random weights."""
    keras.utils.set_random_seed(0)
    made = Run(tmp_path_factory.mktemp("run"))
    mean, std = (0.4, 0.4, 0.4), (0.2, 0.2, 0.2)
    made.write(RunInfo({}, "small_cnn", LABELS, Preprocessing(SIDE, SIDE), mean, std, {}, 0))
    classes = {label: len(names) for label, names in LABELS.items()}
    save_weights(
        build_network(plugins().get(Backbone, "small_cnn"), classes, SIDE, SIDE, mean, std),
        made.best_weights,
    )
    return made


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


@pytest.mark.parametrize(("label", "number"), [("species", 0), ("species", 2), ("count", 1)])
def test_gradcam_equals_class_activation_map_for_average_and_dense_layer(
    run, picture, label, number
) -> None:
    # there the gradient of a score by each map is its weight over the number of places (Selvaraju
    # et al., section 3.1)
    network = load_network(run, plugins())
    backbone = get_backbone(network)
    maps = keras.Model(backbone.input, backbone.layers[-2].output)(
        network.get_layer("standardise")(picture[None])
    )
    weights = network.get_layer(f"head_{list(LABELS).index(label)}").kernel[:, number]
    wanted = np.maximum(np.asarray(maps)[0] @ np.asarray(weights), 0) / 16
    found = gradcam(run, plugins())(picture, label, number)
    assert (found.shape, found.dtype, found.min() >= 0) == ((SIDE, SIDE), np.float32, True)
    assert found == pytest.approx(cv2.resize(wanted, (SIDE, SIDE)), rel=1e-3, abs=1e-5)


def test_gradcam_of_network_without_feature_maps_is_none(run, tmp_path: Path) -> None:
    def build(shape: tuple[int, int, int]) -> keras.Model:
        images = keras.Input(shape)
        return keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(images)))

    mean = (0.5, 0.5, 0.5)
    flat = Run(tmp_path)
    flat.write(RunInfo({}, "flat", {"species": ("a", "b")}, Preprocessing(8, 8), mean, mean, {}, 0))
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    known = Plugins(
        [
            LoadedRecord(
                kind, Backbone("flat", "no maps", (8, 8), build), Owner("flat", "tests", "1")
            )
        ],
        [],
    )
    save_weights(
        build_network(known.get(Backbone, "flat"), {"species": 2}, 8, 8, mean, mean),
        flat.best_weights,
    )
    assert gradcam(flat, known) is None
