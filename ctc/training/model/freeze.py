"""Freezing of layers of the backbone."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from ctc.errors import UsageError, did_you_mean

NOTHING, BACKBONE, UNTIL = "none", "backbone", "until:"


def freeze(backbone: keras.Model, spec: str) -> None:
    """Freeze the weights and statistics of the layers that `spec` names, and no others.

    `spec`: `none`, `backbone` (all layers), or `until:LAYER` (up to and including that layer).
    Raises UsageError if there is no such layer.
    """
    layers = list(leaf_layers(backbone))
    names = [layer.name for layer in layers]
    frozen = {NOTHING: 0, BACKBONE: len(layers)}.get(spec)
    if frozen is None:
        name = spec.removeprefix(UNTIL)
        if name not in names:
            raise UsageError(
                f"'{backbone.name}' has no layer called '{name}' to freeze"
                f"{did_you_mean(name, names)}"
            )
        frozen = names.index(name) + 1
    for index, layer in enumerate(layers):
        layer.trainable = index >= frozen


def leaf_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers in order; a nested model is replaced by its own layers."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer)
        else:
            yield layer
