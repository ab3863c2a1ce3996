from __future__ import annotations

import keras
import pytest

from ctc.errors import UsageError
from ctc.training.model.freeze import freeze


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
    ("what", "learning"),
    [
        ("none", ["first", "second", "third"]),
        ("backbone", []),
        ("until:first", ["second", "third"]),
        ("until:second", ["third"]),
    ],
)
def test_what_is_named_keeps_its_weights(backbone, what, learning):
    freeze(backbone, what)
    assert [weight.path.split("/")[-2] for weight in backbone.trainable_weights[::2]] == learning


def test_a_layer_that_is_not_there_names_the_nearest(backbone):
    with pytest.raises(
        UsageError, match="'nested' has no layer called 'secnd' to freeze: did you mean 'second'"
    ):
        freeze(backbone, "until:secnd")
