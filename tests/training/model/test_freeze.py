from __future__ import annotations

import keras
import pytest

from ctc.errors import UsageError
from ctc.training.model.freeze import freeze

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def backbone() -> keras.Model:
    """first, then a model with `second` and `third` in it."""
    inner_input = keras.Input((8, 8, 2))
    inner = keras.layers.Conv2D(2, 1, name="third")(
        keras.layers.Conv2D(2, 1, name="second")(inner_input)
    )
    images = keras.Input((8, 8, 3))
    features = keras.Model(inner_input, inner, name="inner")(
        keras.layers.Conv2D(2, 1, name="first")(images)
    )
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features), name="nested")


@pytest.mark.parametrize(
    ("spec", "trainable"),
    [
        ("none", ["first", "second", "third"]),
        ("backbone", []),
        ("until:first", ["second", "third"]),
        ("until:second", ["third"]),
    ],
)
def test_freeze_trains_only_the_other_layers(backbone, spec, trainable):
    freeze(backbone, spec)
    assert [weight.path.split("/")[-2] for weight in backbone.trainable_weights[::2]] == trainable


def test_freeze_suggests_nearest_layer(backbone):
    with pytest.raises(
        UsageError, match="'nested' has no layer called 'secnd' to freeze: did you mean 'second'"
    ):
        freeze(backbone, "until:secnd")
