"""The network: uint8 images in, probabilities per label out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from ctc.artifacts.model.file import INPUT_NAME
from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.plugin import Backbone
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import bind_options
from ctc.training.model.npz_file import read_arrays, write_arrays
from ctc.training.model.variable_arrays import assign_arrays, to_arrays

Tensor = Any


def build_heads(features: Tensor, labels: Mapping[str, int]) -> dict[str, Tensor]:
    """Return the logits (N, classes) of each label, from features (N, channels).

    `labels`: name → number of classes. Layers are named `head_0`, `head_1`, … because the name of a
    label may contain characters that a layer's name can't. Heads start at zero: the first loss of a
    label is ln(classes), and a new head on trained features does not begin with wrong answers to
    unlearn.
    """
    return {
        label: keras.layers.Dense(
            classes, kernel_initializer="zeros", dtype="float32", name=f"head_{index}"
        )(features)
        for index, (label, classes) in enumerate(labels.items())
    }


def probabilities(logits: Mapping[str, Tensor], multi_label: Collection[str]) -> dict[str, Tensor]:
    """Return the softmax of each label's logits; the sigmoid for labels in `multi_label`."""

    def activation(label: str, index: int) -> keras.layers.Layer:
        if label in multi_label:
            return keras.layers.Activation("sigmoid", dtype="float32", name=f"sigmoid_{index}")
        return keras.layers.Softmax(dtype="float32", name=f"softmax_{index}")

    return {
        label: activation(label, index)(values)
        for index, (label, values) in enumerate(logits.items())
    }


_SECTION = "network"
_MIN_STD = 1 / 255  # a channel that never varies must not be divided by zero


def build_logits_model(
    backbone: Backbone,
    labels: Mapping[str, int],
    height: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> keras.Model:
    """Return a model from uint8 RGB images (N, height, width, 3) to a dict label → logits.

    Logits are floats (N, classes). `labels`: name → number of classes. `mean`, `std`: per channel
    R, G, B, of pixels scaled to 0–1.
    """
    images = keras.Input((height, width, 3), dtype="uint8", name=INPUT_NAME)
    scale = [max(float(value), _MIN_STD) for value in std]
    standardised = keras.layers.Rescaling(
        scale=[1 / (255 * value) for value in scale],
        offset=[-float(center) / value for center, value in zip(mean, scale, strict=True)],
        dtype="float32",
        name="standardise",
    )(images)
    features = backbone.build((height, width, 3))(standardised)
    return keras.Model(images, build_heads(features, labels), name="scores")


def get_backbone(network: keras.Model) -> keras.Model:
    """Return the backbone inside a model of `build_logits_model` or `with_probabilities`."""
    return next(layer for layer in network.layers if isinstance(layer, keras.Model))


def with_probabilities(logits_model: keras.Model, multi_label: Collection[str] = ()) -> keras.Model:
    """Return a model with the same layers and weights that ends in probabilities.

    This is what is saved and exported. Labels in `multi_label` have an independent probability per
    class, the others a distribution over their classes.
    """
    return keras.Model(
        logits_model.input, probabilities(logits_model.output, multi_label), name="network"
    )


def build_network(
    backbone: Backbone,
    labels: Mapping[str, int],
    height: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    multi_label: Collection[str] = (),
) -> keras.Model:
    """Return a model from uint8 RGB images (N, height, width, 3) to a dict label → probabilities.

    Probabilities are floats (N, classes); see `build_logits_model` and `with_probabilities`.
    """
    return with_probabilities(
        build_logits_model(backbone, labels, height, width, mean, std), multi_label
    )


def load_network(run: Run, plugins: Plugins) -> keras.Model:
    """Return the network of a run with the weights of its best epoch.

    Raises CtcError if the folder is not a run, its backbone is not installed, or its weights are
    missing or don't fit.
    """
    info = run.read()
    given = info.config.get("backbone_options", {})
    backbone = bind_options(plugins.get(Backbone, info.backbone), given)
    labels = {label: len(classes) for label, classes in info.labels.items()}
    size = info.preprocessing
    statistics = info.channel_mean, info.channel_std
    network = build_network(
        backbone, labels, size.height, size.width, *statistics, info.multi_label
    )
    load_weights(network, run.best_weights)
    return network


def save_weights(network: keras.Model, path: Path) -> None:
    """Write the weights, and nothing else, atomically."""
    write_arrays(path, to_arrays({_SECTION: network.weights}), {})


def load_weights(network: keras.Model, path: Path) -> None:
    """Load weights that `save_weights` wrote.

    Raises InputError if the file is missing, damaged, or of another network.
    """
    if not path.is_file():
        raise InputError(
            f"'{path}' is missing: the training ended before its first epoch was complete, "
            "resume it or train again"
        )
    arrays, _ = read_arrays(path)
    try:
        assign_arrays({_SECTION: network.weights}, arrays)
    except InputError as error:
        raise InputError(
            f"'{path}' doesn't fit the network that 'run.json' describes: {error}"
        ) from None
