from __future__ import annotations

import numpy as np
import pytest

from ctc_plugins.backbones import convnext

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def test_convnext_equals_keras_network_with_its_weights() -> None:
    import keras

    rng = np.random.default_rng(0)
    theirs = keras.applications.ConvNeXtTiny(
        include_top=False, weights=None, input_shape=(64, 75, 3), pooling="avg"
    )
    for variable in theirs.trainable_variables:
        fan_in = np.prod(variable.shape[:-1])
        scale = rng.uniform(0.2, 0.8, variable.shape)
        variable.assign(
            scale if variable.ndim == 1 else rng.normal(0, fan_in**-0.5, variable.shape)
        )
    ours = convnext.build((64, 75, 3))
    convnext.copy_weights(ours, theirs)

    photos = rng.integers(0, 256, (2, 64, 75, 3)).astype(np.float32)
    standardised = (photos / 255 - convnext.IMAGENET_STATS.mean) / convnext.IMAGENET_STATS.std
    wanted = np.asarray(theirs(photos, training=False))
    assert wanted.std() > 0.1
    np.testing.assert_allclose(
        np.asarray(ours(standardised.astype(np.float32), training=False)), wanted, atol=1e-5
    )


def test_copy_weights_rejects_other_network() -> None:
    import keras

    other = keras.applications.ConvNeXtSmall(
        include_top=False, weights=None, input_shape=(64, 64, 3), pooling="avg"
    )
    with pytest.raises(ValueError, match="weight"):
        convnext.copy_weights(convnext.build((64, 64, 3)), other)


def test_convnext_drop_rate_grows_with_depth() -> None:
    import keras

    layers = convnext.build((64, 64, 3)).layers
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == pytest.approx([0.1 * place / 17 for place in range(1, 18)])
