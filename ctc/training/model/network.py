"""The whole network: uint8 pictures in, probabilities per label out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from ctc.artifacts.model_file import INPUT_NAME
from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.plugin import Backbone
from ctc.plugin.manager import Plugins
from ctc.training.model.npz_file import read_arrays, write_arrays
from ctc.training.model.variable_arrays import assign_arrays, to_arrays

Tensor = Any


def build_heads(features: Tensor, labels: Mapping[str, int]) -> dict[str, Tensor]:
    """Per label (name → number of classes) the unscaled scores (N, classes), from features (N,
    channels).

    Layers are named `head_0`, `head_1`, … because a label's name may hold what a layer's name
    can't."""
    return {
        label: keras.layers.Dense(
            classes, kernel_initializer="he_normal", dtype="float32", name=f"head_{place}"
        )(features)
        for place, (label, classes) in enumerate(labels.items())
    }


def probabilities(logits: Mapping[str, Tensor], multi_label: Collection[str]) -> dict[str, Tensor]:
    """Softmax of every label's scores, of those `multi_label` the sigmoid of each."""

    def activation(label: str, place: int) -> keras.layers.Layer:
        if label in multi_label:
            return keras.layers.Activation("sigmoid", dtype="float32", name=f"sigmoid_{place}")
        return keras.layers.Softmax(dtype="float32", name=f"softmax_{place}")

    return {
        label: activation(label, place)(score)
        for place, (label, score) in enumerate(logits.items())
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
    """From uint8 RGB pictures (N, height, width, 3) to a dict of unscaled scores (N, classes) per
    label.

    `labels`: name → number of classes. `mean`, `std`: per channel R, G, B, of pixels scaled to 0–1.
    """
    images = keras.Input((height, width, 3), dtype="uint8", name=INPUT_NAME)
    spread = [max(float(value), _MIN_STD) for value in std]
    standardised = keras.layers.Rescaling(
        scale=[1 / (255 * value) for value in spread],
        offset=[-float(middle) / value for middle, value in zip(mean, spread, strict=True)],
        dtype="float32",
        name="standardise",
    )(images)
    features = backbone.build((height, width, 3))(standardised)
    return keras.Model(images, build_heads(features, labels), name="scores")


def get_backbone(network: keras.Model) -> keras.Model:
    """The backbone within what `build_logits_model` or `with_probabilities` made."""
    return next(layer for layer in network.layers if isinstance(layer, keras.Model))


def with_probabilities(logits_model: keras.Model, multi_label: Collection[str] = ()) -> keras.Model:
    """The same layers and weights, ending in a distribution per label, or of those `multi_label` a
    probability per class: what is saved and exported."""
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
    """From uint8 RGB pictures (N, height, width, 3) to a dict of probabilities (N, classes) per
    label; see `build_logits_model` and `with_probabilities`."""
    return with_probabilities(
        build_logits_model(backbone, labels, height, width, mean, std), multi_label
    )


def load_network(run: Run, plugins: Plugins) -> keras.Model:
    """The network of a run with the weights of its best epoch.

    Raises CtcError when the folder is no run, its backbone isn't installed, or its weights are
    missing or don't fit."""
    info = run.read()
    backbone = plugins.get(Backbone, info.backbone)
    labels = {label: len(classes) for label, classes in info.labels.items()}
    size = info.preprocessing
    statistics = info.channel_mean, info.channel_std
    network = build_network(
        backbone, labels, size.height, size.width, *statistics, info.multi_label
    )
    load_weights(network, run.best_weights)
    return network


def save_weights(network: keras.Model, path: Path) -> None:
    """Write the weights alone, whole."""
    write_arrays(path, to_arrays({_SECTION: network.weights}), {})


def load_weights(network: keras.Model, path: Path) -> None:
    """Raises InputError when the file is missing, damaged, or of another network."""
    if not path.is_file():
        raise InputError(
            f"'{path}' is missing: the training didn't come to the end of its first epoch, train again"
        )
    arrays, _ = read_arrays(path)
    try:
        assign_arrays({_SECTION: network.weights}, arrays)
    except InputError as error:
        raise InputError(
            f"'{path}' doesn't fit the network that 'run.json' describes: {error}"
        ) from None
