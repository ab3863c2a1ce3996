"""Every known kind of layer, and every activation, gives what Keras's own gives."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_network import draw, stir

from ctc.model_import.keras_files import activations, layers
from ctc.model_import.keras_files.read import load_keras

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

OPTIONS: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "tanh"},
    "AveragePooling2D": {"pool_size": 3, "padding": "same"},
    "BatchNormalization": {"epsilon": 0.1},
    "Concatenate": {"axis": 2},
    "Conv2D": {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 1},
    "Cropping2D": {"cropping": ((1, 0), (2, 1))},
    "Dense": {"units": 5, "activation": "elu"},
    "DepthwiseConv2D": {"kernel_size": (3, 2), "depth_multiplier": 2},
    "LayerNormalization": {"epsilon": 0.1},
    "Normalization": {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 5.0, 6.0]},
    "PReLU": {"shared_axes": [1, 2]},
    "ReLU": {"max_value": 0.5, "negative_slope": 0.1},
    "LeakyReLU": {"negative_slope": 0.3},
    "Rescaling": {"scale": 0.5, "offset": -1.0},
    "Reshape": {"target_shape": (8, 6, 3)},
    "SeparableConv2D": {"filters": 4, "kernel_size": 3, "padding": "same"},
    "ZeroPadding2D": {"padding": ((0, 1), (2, 0))},
}
MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")


def check(network: Any, path: Path) -> None:
    """Check that the saved network, read again, gives the same feature maps."""
    stir(network)
    photos = draw(network)
    network.save(path)
    wanted = np.asarray(network(photos, training=False))
    found = load_keras(path, None).built
    if found.feature_size is not None and not found.outputs:
        wanted = wanted.mean(axis=(1, 2)) if wanted.ndim == 4 else wanted
    (values,) = found.model(photos, training=False).values()
    assert wanted.std() > 1e-3
    np.testing.assert_allclose(np.asarray(values), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", layers.KINDS)
def test_layer_is_read_with_its_options(kind: str, tmp_path: Path) -> None:
    import keras

    photos = keras.Input((6, 8, 3))
    layer = getattr(keras.layers, kind)(**OPTIONS.get(kind, {}))
    taken = [photos, keras.layers.Rescaling(-2.0)(photos)] if kind in MERGING else photos
    outputs = layer(taken)
    if outputs.shape[1:] != (144,):  # whatever is flat is an output
        outputs = outputs if len(outputs.shape) == 2 else keras.layers.Flatten()(outputs)
    check(keras.Model(photos, outputs), tmp_path / "n.keras")


@pytest.mark.parametrize("name", activations.NAMES)
def test_activation_is_keras_own(name: str) -> None:
    import keras

    values = np.linspace(-6, 6, 97, dtype=np.float32).reshape(1, -1)
    found = activations.find_activation(name, 3)
    wanted = getattr(keras.activations, {"exp": "exponential"}.get(name, name))(values)
    got = values if found is None else np.asarray(found(values))
    np.testing.assert_allclose(got, np.asarray(wanted), rtol=1e-5, atol=1e-6)


def test_hard_sigmoid_of_keras_2_is_another() -> None:
    find = activations.find_activation
    old, new = find("hard_sigmoid", 2), find("hard_sigmoid", 3)
    assert old is not None
    assert new is not None
    values = np.float32([-3, -2.5, -1, 0, 1, 3])
    assert np.asarray(old(values)).tolist() == pytest.approx([0, 0, 0.3, 0.5, 0.7, 1])
    assert np.asarray(new(values)).tolist() == pytest.approx([0, 1 / 12, 1 / 3, 0.5, 2 / 3, 1])


def test_grouped_convolution_with_a_group_per_channel(tmp_path: Path) -> None:
    import keras

    photos = keras.Input((6, 8, 3))
    features = keras.layers.Conv2D(4, 1)(photos)
    grouped = keras.layers.Conv2D(4, 3, groups=4, padding="same")(features)
    check(keras.Model(photos, keras.layers.Flatten()(grouped)), tmp_path / "n.keras")


@pytest.mark.parametrize("kind", sorted(layers.KINDS))
def test_every_option_that_keras_has_is_known_or_of_training(kind: str) -> None:
    """A new option of Keras, or one forgotten here, must not be passed over."""
    import keras

    known = {*layers.KINDS[kind], "data_format", "rms_scaling"}
    names = inspect.signature(getattr(keras.layers, kind)).parameters
    assert [
        name
        for name in names
        if name not in known and name != "kwargs" and not layers._IGNORED.fullmatch(name)
    ] == []
