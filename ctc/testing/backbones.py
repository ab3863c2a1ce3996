"""Contract check of backbones: `check_backbone`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import CtcError, UsageError
from ctc.plugin.option_values import bind_options
from ctc.plugin.records import Backbone
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal
from ctc.testing.options import check_options, resolve_options

if TYPE_CHECKING:
    import keras

_BATCH = 6


def check_backbone(
    backbone: Backbone,
    size: tuple[int, int] | None = None,
    tolerance: float = 1e-4,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Raise AssertionError if `backbone` breaks the contract of `ctc.plugin.Backbone`.

    `size`: (height, width) to build it for, by default `input_size`; the smallest supported size is
    the fastest. `tolerance`: largest difference of the exported network's features, as a fraction
    of the largest feature. `options`: values, by key, for options that should not have their
    default. The network is built three times, once for wider images, and converted
    once: this takes seconds for a small network and half a minute for a large one. Needs
    TensorFlow.
    """
    check_record(backbone, Backbone)
    check_options(backbone)
    _check_declared_values(backbone)
    backbone = bind_options(backbone, resolve_options(backbone.options, options))
    height, width = size or backbone.input_size
    network = _build(backbone, (height, width))
    _check_rebuild(backbone, network, (height, width))
    images = np.random.default_rng(0).normal(0, 1, (_BATCH, height, width, 3)).astype(np.float32)
    with expect_clean_run("the network in training"):
        randomize_weights(network, images)
    _check_inference(network, images)
    _check_export(network, (height, width), tolerance)


def randomize_weights(network: keras.Model, images: NDArray[np.float32]) -> None:
    """Give an untrained network random scales, offsets and biases, as if it were trained.

    So no branch is silent. The statistics of batch normalisation are set to those of the images.
    """
    from keras import layers

    rng = np.random.default_rng(0)
    for variable in network.trainable_variables:
        if variable.ndim == 1:
            variable.assign(rng.uniform(0.2, 0.8, variable.shape))
    normalisations = [
        layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in normalisations]
    for layer in normalisations:
        layer.momentum = 0.0
    network(images, training=True)
    for layer, momentum in zip(normalisations, momenta, strict=True):
        layer.momentum = momentum


def _check_declared_values(backbone: Backbone) -> None:
    sides = backbone.input_size
    whole = (
        isinstance(sides, tuple)
        and len(sides) == 2
        and all(isinstance(side, int) and side > 0 for side in sides)
    )
    expect(whole, f"input_size is {sides!r}, not (height, width) in pixels")
    for weights in backbone.pretrained:
        three = len(weights.mean) == len(weights.std) == 3 and all(
            0 <= value <= 1 for value in (*weights.mean, *weights.std)
        )
        expect(
            three,
            f"the mean and std of the weights '{weights.name}' must be three numbers from 0 to 1",
        )


def _build(backbone: Backbone, size: tuple[int, int]) -> keras.Model:
    import keras

    what = f"build(({size[0]}, {size[1]}, 3))"
    with expect_clean_run(what, UsageError):
        network = backbone.build((*size, 3))
    expect(
        isinstance(network, keras.Model),
        f"{what} returned a {type(network).__name__}, not a keras.Model",
    )
    expect(network.built, f"{what} returned a model without an input: begin it with keras.Input")
    expect_equal(network.input_shape, (None, *size, 3), f"the input of {what}")
    shape = network.output_shape
    pooled = isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)
    expect(pooled, f"{what} gives features {shape}, not (None, channels): pool them over the image")
    return network


def _check_rebuild(backbone: Backbone, network: keras.Model, size: tuple[int, int]) -> None:
    """Check that weights have a fixed order and fit a network of another input size."""
    for what, other in {
        "built a second time": size,
        "built for wider images": (size[0], size[1] + 32),
    }.items():
        try:
            built = _build(backbone, other)
        except UsageError as error:
            raise AssertionError(f"{what}, it raises: {error}") from error
        shared = {id(weight) for weight in built.weights} & {
            id(weight) for weight in network.weights
        }
        expect(
            not shared,
            f"{what}, it shares weights with the first: create the layers inside build()",
        )
        same = [tuple(weight.shape) for weight in built.weights] == [
            tuple(weight.shape) for weight in network.weights
        ]
        expect(
            same,
            f"{what}, its weights have other shapes or another order: trained ones can't be loaded",
        )


def _check_inference(network: keras.Model, images: NDArray[np.float32]) -> None:
    """Check that the features of a photo depend on that photo alone."""

    def features(photos: NDArray[np.float32]) -> NDArray[Any]:
        with expect_clean_run("the network in inference"):
            return np.asarray(network(photos, training=False))

    together = features(images)
    expect(together.dtype.name == "float32", f"the features are {together.dtype.name}, not float32")
    expect(bool(np.isfinite(together).all()), "the features of ordinary images are not all finite")
    expect(bool(np.ptp(together, axis=0).max() > 0), "different images have the same features")
    expect(
        np.array_equal(together, features(images)),
        "the same images have different features the second time: is a layer random?",
    )
    _expect_close(
        features(images[:1]),
        together[:1],
        1e-4,
        "an image alone has different features than in a batch",
    )


def _check_export(network: keras.Model, size: tuple[int, int], tolerance: float) -> None:
    import keras

    from ctc.export.convert import to_onnx
    from ctc.export.parity import onnx_predict_fn

    height, width = size
    pictures = keras.Input((height, width, 3), dtype="uint8")
    whole = keras.Model(
        pictures, {"features": network(keras.layers.Rescaling(1 / 127.5, -1)(pictures))}
    )
    photos = np.random.default_rng(1).integers(0, 256, (_BATCH, height, width, 3), np.uint8)
    try:
        model = to_onnx(whole, {}, height, width, network.output_shape[1])
    except CtcError as error:
        raise AssertionError(f"`ctc export` fails: {error}") from error
    expected = np.asarray(whole(photos, training=False)["features"])
    _expect_close(
        onnx_predict_fn(model)(photos)["features"],
        expected,
        tolerance,
        "the exported network gives different features",
    )


def _expect_close(
    actual: NDArray[Any], expected: NDArray[Any], tolerance: float, message: str
) -> None:
    """Check that the difference is within `tolerance` times the largest value."""
    largest = float(np.abs(expected).max())
    difference = float(np.abs(actual - expected).max())
    expect(
        difference <= tolerance * largest,
        f"{message}: max abs difference {difference:.2g}, largest value {largest:.2g}",
    )
