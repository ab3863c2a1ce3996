"""The check of backbones finds each way to break the contract, and says which."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")

from ctc.errors import UsageError
from ctc.plugin import Backbone, Pretrained
from ctc.plugin.manager import plugins
from ctc.testing import check_backbone

Shape = tuple[int, int, int]


def convolved(
    shape: Shape, then: Callable[[Any], Any] = lambda features: features, **options: Any
) -> Any:
    """A network of one convolution, whose pooled features go through `then`."""
    import keras
    from keras import layers

    images = keras.Input(shape)
    features = layers.Conv2D(options.pop("filters", 4), 3, **options)(images)
    return keras.Model(images, then(layers.GlobalAveragePooling2D()(features)))


SOUND = Backbone("conv", "one convolution", (16, 24), convolved)


def test_a_sound_one_passes() -> None:
    check_backbone(SOUND)


def test_the_small_built_in_keeps_the_contract() -> None:
    check_backbone(plugins().get(Backbone, "small_cnn"), size=(16, 24))


def layer(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A layer of Keras that does `call`."""
    import keras

    class Odd(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return call(inputs)

    return Odd()


def with_layer(call: Callable[[Any], Any]) -> Callable[[Shape], Any]:
    return lambda shape: convolved(shape, lambda features: layer(call)(features))


def unpooled(shape: Shape) -> Any:
    import keras

    images = keras.Input(shape)
    return keras.Model(images, keras.layers.Conv2D(4, 3)(images))


def two_outputs(shape: Shape) -> Any:
    import keras

    network = convolved(shape)
    return keras.Model(network.input, [network.output, network.output])


def flattened(shape: Shape) -> Any:
    import keras

    network = unpooled(shape)
    return keras.Model(network.input, keras.layers.Dense(4)(keras.layers.Flatten()(network.output)))


def shared() -> Callable[[Shape], Any]:
    import keras

    dense = keras.layers.Dense(4)
    return lambda shape: convolved(shape, dense)


def summarised(shape: Shape) -> Any:
    network = convolved(shape)
    network.summary()
    return network


def halved(shape: Shape) -> Any:
    import keras

    return convolved(shape, keras.layers.Activation("linear", dtype="float16"))


def narrow_only(shape: Shape) -> Any:
    if shape[1] > 24:
        raise UsageError(f"'conv' needs pictures of at most 24 px, not {shape[1]}")
    return convolved(shape)


def noise(features: Any) -> Any:
    import keras

    return features + keras.random.normal((1, 4))


def less_the_batch(features: Any) -> Any:
    import keras

    return features - keras.ops.mean(features, axis=0, keepdims=True)


def logarithm(features: Any) -> Any:
    import keras

    return keras.ops.log(features - 10)


def exact_gelu(features: Any) -> Any:
    import keras

    return keras.activations.gelu(features, approximate=False)


def other_in_a_graph(features: Any) -> Any:
    import tensorflow as tf

    return features if tf.executing_eagerly() else features + 1.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda shape: {}["a layer"], "build((16, 24, 3)) failed: KeyError: 'a layer'"),
        (
            lambda shape: convolved(shape).output,
            "build((16, 24, 3)) returned a KerasTensor, not a keras.Model",
        ),
        (
            lambda shape: convolved((16, 16, 3)),
            "the input of build((16, 24, 3)): expected (None, 16, 24, 3), got",
        ),
        (
            unpooled,
            "gives features (None, 14, 22, 4), not (None, channels): pool them over the picture",
        ),
        (two_outputs, "gives features [(None, 4), (None, 4)], not (None, channels)"),
        (summarised, "build((16, 24, 3)) printed 'Model: \"functional"),
        (
            narrow_only,
            "built for wider pictures, it refuses: 'conv' needs pictures of at most 24 px, not 56",
        ),
        (flattened, "built for wider pictures, it has other weights, or the same in another order"),
        (halved, "the features are float16, not float32"),
        (with_layer(logarithm), "the features of ordinary pictures are not all finite"),
        (with_layer(lambda features: features * 0), "different pictures have the same features"),
        (
            with_layer(noise),
            "the same pictures have other features the second time: is something random?",
        ),
        (with_layer(less_the_batch), "a picture alone has other features than in a batch: "),
        (with_layer(exact_gelu), "`ctc export` refuses it: the network can't be converted to ONNX"),
        (
            with_layer(other_in_a_graph),
            "the exported network gives other features: 1 apart, where the largest is ",
        ),
    ],
)
def test_a_fault_is_told(build: Callable[[Shape], Any], message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_backbone(replace(SOUND, build=build))


def test_layers_that_are_shared_between_networks_are_told() -> None:
    with pytest.raises(
        AssertionError, match="built a second time, it shares weights with the first"
    ):
        check_backbone(replace(SOUND, build=shared()))


def test_networks_that_differ_each_time_are_told() -> None:
    filters = iter(range(2, 9))
    with pytest.raises(
        AssertionError,
        match="built a second time, it has other weights, or the same in another order",
    ):
        check_backbone(replace(SOUND, build=lambda shape: convolved(shape, filters=next(filters))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_size": 224}, r"input_size is 224, not \(height, width\) in pixels"),
        ({"input_size": (0, 224)}, r"input_size is \(0, 224\), not"),
        (
            {
                "pretrained": (
                    Pretrained("imagenet", (123.0, 117.0, 104.0), (1.0, 1.0, 1.0), convolved),
                )
            },
            "the weights 'imagenet' don't have a mean and a std of three numbers from 0 to 1",
        ),
    ],
)
def test_a_record_that_is_not_sound_is_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_backbone(replace(SOUND, **changes))
