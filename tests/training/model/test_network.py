from __future__ import annotations

import keras
import numpy as np
import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import InputError, UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins
from ctc.training.model.network import build_network, load_network, save_weights

pytestmark = pytest.mark.tensorflow


MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 20, 27, 3), np.uint8)


def _average(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))


AVERAGE = Backbone("average", "the mean colour", (8, 8), _average)


def _small_cnn(labels: dict[str, int]) -> keras.Model:
    return build_network(plugins().get(Backbone, "small_cnn"), labels, 20, 27, MEAN, STD)


def _saved_run(folder, backbone: str = "small_cnn") -> Run:
    run = Run(folder)
    run.write(
        RunInfo(
            config={},
            backbone=backbone,
            labels={"species": ("boar", "deer", "fox"), "age / sex": ("old", "young")},
            preprocessing=Preprocessing(20, 27),
            channel_mean=MEAN,
            channel_std=STD,
            dataset={},
            seed=0,
        )
    )
    return run


def test_network_takes_uint8_and_has_an_output_per_label():
    network = _small_cnn({"species": 3, "age / sex: ä": 2})
    assert network.input.dtype == "uint8"
    outputs = network.predict_on_batch(IMAGES)
    assert {label: values.shape for label, values in outputs.items()} == {
        "species": (3, 3),
        "age / sex: ä": (3, 2),
    }


def test_network_outputs_distributions():
    for values in _small_cnn({"b": 3, "a": 2}).predict_on_batch(IMAGES).values():
        np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)


def test_network_starts_without_preference_for_a_class():
    for values in _small_cnn({"a": 4, "b": 2}).predict_on_batch(IMAGES).values():
        np.testing.assert_allclose(values, 1 / values.shape[1])


def test_network_standardises_each_channel():
    network = build_network(AVERAGE, {"a": 2}, 20, 27, MEAN, STD)
    features = keras.Model(network.input, network.get_layer("head_0").input).predict_on_batch(
        IMAGES
    )
    expected = ((IMAGES / 255 - MEAN) / STD).mean(axis=(1, 2))
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_network_tolerates_constant_channel():
    network = build_network(AVERAGE, {"a": 2}, 20, 27, MEAN, (0.0, 0.2, 0.2))
    assert np.isfinite(network.predict_on_batch(IMAGES)["a"]).all()


def test_load_network_restores_saved_weights(tmp_path):
    run = _saved_run(tmp_path / "run")
    network = _small_cnn({"species": 3, "age / sex": 2})
    save_weights(network, run.best_weights)
    loaded = load_network(run, plugins())
    for label, values in network.predict_on_batch(IMAGES).items():
        np.testing.assert_array_equal(loaded.predict_on_batch(IMAGES)[label], values)
    assert sorted(path.name for path in run.folder.iterdir()) == ["best.weights.npz", "run.json"]


def test_load_network_names_missing_weights(tmp_path):
    with pytest.raises(InputError, match=r"best\.weights\.npz' is missing"):
        load_network(_saved_run(tmp_path), plugins())


def test_load_network_rejects_weights_of_another_network(tmp_path):
    run = _saved_run(tmp_path)
    save_weights(_small_cnn({"species": 5, "age / sex": 2}), run.best_weights)
    message = (
        r"'run\.json' describes: its 'head_0.*/kernel' has the shape \(128, 5\), "
        r"the network's 'head_0.*/kernel' \(128, 3\)"
    )
    with pytest.raises(InputError, match=message):
        load_network(run, plugins())


def test_load_network_rejects_truncated_weights(tmp_path):
    run = _saved_run(tmp_path)
    save_weights(_small_cnn({"species": 3, "age / sex": 2}), run.best_weights)
    run.best_weights.write_bytes(run.best_weights.read_bytes()[:5000])
    with pytest.raises(InputError, match="is damaged, or was not written by ctc"):
        load_network(run, plugins())


def test_load_network_suggests_nearest_backbone(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'small_cnn'"):
        load_network(_saved_run(tmp_path, "smal_cnn"), plugins())
