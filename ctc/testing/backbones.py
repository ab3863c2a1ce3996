"""What every backbone keeps to, as one check: `check_backbone`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import CtcError, UsageError
from ctc.plugin.records import Backbone
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal

if TYPE_CHECKING:
    import keras

_BATCH = 6


def check_backbone(
    backbone: Backbone, size: tuple[int, int] | None = None, tolerance: float = 1e-4
) -> None:
    """Raise AssertionError when `backbone` breaks the contract of `ctc.plugin.Backbone`.

    `size`: (height, width) to build it for, by default `input_size`; the smallest that it takes
    saves the most time. `tolerance`: by how much the features of the exported network may differ,
    as a share of the largest. It is built three times, once for wider pictures, and converted once:
    seconds for a small network, half a minute for a large one, and TensorFlow has to be imported.
    """
    check_record(backbone, Backbone)
    _check_declared_values(backbone)
    height, width = size or backbone.input_size
    network = _build(backbone, (height, width))
    _check_rebuild(backbone, network, (height, width))
    images = np.random.default_rng(0).normal(0, 1, (_BATCH, height, width, 3)).astype(np.float32)
    with expect_clean_run("the network in training"):
        randomize_weights(network, images)
    _check_inference(network, images)
    _check_export(network, (height, width), tolerance)


def randomize_weights(network: keras.Model, images: NDArray[np.float32]) -> None:
    """Give a network that nobody has trained the look of one that was: random scales, offsets and
    biases, so that no branch is silent, and the statistics of these standardised images."""
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
            f"the weights '{weights.name}' don't have a mean and a std of three numbers from 0 to 1",
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
    expect_equal(network.input_shape, (None, *size, 3), f"the input of {what}")
    shape = network.output_shape
    pooled = isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)
    expect(
        pooled, f"{what} gives features {shape}, not (None, channels): pool them over the picture"
    )
    return network


def _check_rebuild(backbone: Backbone, network: keras.Model, size: tuple[int, int]) -> None:
    """Weights are kept in their order, and go into a network of another size."""
    for what, other in {
        "built a second time": size,
        "built for wider pictures": (size[0], size[1] + 32),
    }.items():
        try:
            built = _build(backbone, other)
        except UsageError as error:
            raise AssertionError(f"{what}, it refuses: {error}") from error
        shared = {id(weight) for weight in built.weights} & {
            id(weight) for weight in network.weights
        }
        expect(
            not shared, f"{what}, it shares weights with the first: make its layers inside build()"
        )
        same = [tuple(weight.shape) for weight in built.weights] == [
            tuple(weight.shape) for weight in network.weights
        ]
        expect(
            same,
            f"{what}, it has other weights, or the same in another order: trained ones can't be loaded",
        )


def _check_inference(network: keras.Model, images: NDArray[np.float32]) -> None:
    """The features of a photo depend on that photo alone."""

    def features(photos: NDArray[np.float32]) -> NDArray[Any]:
        with expect_clean_run("the network in inference"):
            return np.asarray(network(photos, training=False))

    together = features(images)
    expect(together.dtype.name == "float32", f"the features are {together.dtype.name}, not float32")
    expect(
        bool(np.isfinite(together).all()), "the features of ordinary pictures are not all finite"
    )
    expect(bool(np.ptp(together, axis=0).max() > 0), "different pictures have the same features")
    expect(
        np.array_equal(together, features(images)),
        "the same pictures have other features the second time: is something random?",
    )
    _expect_close(
        features(images[:1]),
        together[:1],
        1e-4,
        "a picture alone has other features than in a batch",
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
        model = to_onnx(whole, {"features": network.output_shape[1]}, height, width)
    except CtcError as error:
        raise AssertionError(f"`ctc export` refuses it: {error}") from error
    expected = np.asarray(whole(photos, training=False)["features"])
    _expect_close(
        onnx_predict_fn(model)(photos)["features"],
        expected,
        tolerance,
        "the exported network gives other features",
    )


def _expect_close(
    actual: NDArray[Any], expected: NDArray[Any], tolerance: float, message: str
) -> None:
    """Within `tolerance` of the largest value."""
    largest = float(np.abs(expected).max())
    apart = float(np.abs(actual - expected).max())
    expect(
        apart <= tolerance * largest,
        f"{message}: {apart:.2g} apart, where the largest is {largest:.2g}",
    )
