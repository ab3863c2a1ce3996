"""`check_backbone` reports every violation of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")

from ctc.errors import UsageError
from ctc.plugin import Backbone, Option, Pretrained
from ctc.plugin.manager import plugins
from ctc.testing import check_backbone

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

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


VALID = Backbone("conv", "one convolution", (16, 24), convolved)


def test_check_backbone_passes_valid_one() -> None:
    check_backbone(VALID)


def test_check_backbone_passes_sequential_with_an_option() -> None:
    filters = Option("filters", "Number of filters.", "integer", default=4, minimum=1)
    record = Backbone("seq", "one convolution", (16, 24), sequential, options=(filters,))
    check_backbone(record, options={"filters": 6})


def test_check_backbone_passes_small_built_in() -> None:
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


def not_built(shape: Shape) -> Any:
    import keras

    return keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()])


def sequential(shape: Shape, options: Mapping[str, Any]) -> Any:
    import keras

    layers = [keras.layers.Conv2D(options["filters"], 3), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input(shape), *layers])


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
        raise UsageError(f"'conv' needs images of at most 24 px, not {shape[1]}")
    return convolved(shape)


def noise(features: Any) -> Any:
    import keras

    return features + keras.random.normal((1, 4))


def minus_batch_mean(features: Any) -> Any:
    import keras

    return features - keras.ops.mean(features, axis=0, keepdims=True)


def logarithm(features: Any) -> Any:
    import keras

    return keras.ops.log(features - 10)


def without_onnx_operator(features: Any) -> Any:
    import keras

    return keras.ops.erfinv(keras.ops.tanh(features))


def different_in_graph_mode(features: Any) -> Any:
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
            not_built,
            "build((16, 24, 3)) returned a model without an input: begin it with keras.Input",
        ),
        (
            lambda shape: convolved((16, 16, 3)),
            "the input of build((16, 24, 3)): expected (None, 16, 24, 3), got",
        ),
        (
            unpooled,
            "gives features (None, 14, 22, 4), not (None, channels): pool them over the image",
        ),
        (two_outputs, "gives features [(None, 4), (None, 4)], not (None, channels)"),
        (summarised, "build((16, 24, 3)) printed 'Model: \"functional"),
        (
            narrow_only,
            "built for wider images, it raises: 'conv' needs images of at most 24 px, not 56",
        ),
        (flattened, "built for wider images, its weights have other shapes or another order"),
        (halved, "the features are float16, not float32"),
        (with_layer(logarithm), "the features of ordinary images are not all finite"),
        (with_layer(lambda features: features * 0), "different images have the same features"),
        (
            with_layer(noise),
            "the same images have different features the second time: is a layer random?",
        ),
        (with_layer(minus_batch_mean), "an image alone has different features than in a batch: "),
        (
            with_layer(without_onnx_operator),
            "`ctc export` fails: the network can't be converted to ONNX",
        ),
        (
            with_layer(different_in_graph_mode),
            ("the exported network gives different features: max abs difference 1, largest value "),
        ),
    ],
)
def test_check_backbone_reports_fault(build: Callable[[Shape], Any], message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_backbone(replace(VALID, build=build))


def test_check_backbone_reports_shared_layers() -> None:
    with pytest.raises(
        AssertionError, match="built a second time, it shares weights with the first"
    ):
        check_backbone(replace(VALID, build=shared()))


def test_check_backbone_reports_networks_that_differ() -> None:
    filters = iter(range(2, 9))
    with pytest.raises(
        AssertionError,
        match="built a second time, its weights have other shapes or another order",
    ):
        check_backbone(replace(VALID, build=lambda shape: convolved(shape, filters=next(filters))))


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
            "the mean and std of the weights 'imagenet' must be three numbers from 0 to 1",
        ),
    ],
)
def test_check_backbone_reports_invalid_record(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_backbone(replace(VALID, **changes))
