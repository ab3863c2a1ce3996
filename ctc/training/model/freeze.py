"""Which layers learn."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from ctc.errors import UsageError, did_you_mean

NOTHING, BACKBONE, UNTIL = "none", "backbone", "until:"


def freeze(backbone: keras.Model, spec: str) -> None:
    """Let the layers of `spec` keep their weights and statistics: `none`, `backbone`, or
    `until:LAYER`, which is up to and with that layer.

    Raises UsageError for a layer that isn't there.
    """
    layers = list(leaf_layers(backbone))
    names = [layer.name for layer in layers]
    frozen = {NOTHING: 0, BACKBONE: len(layers)}.get(spec)
    if frozen is None:
        name = spec.removeprefix(UNTIL)
        if name not in names:
            raise UsageError(
                f"'{backbone.name}' has no layer called '{name}' to freeze{did_you_mean(name, names)}"
            )
        frozen = names.index(name) + 1
    for place, layer in enumerate(layers):
        layer.trainable = place >= frozen


def leaf_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """In order, and those of models within the model instead of these."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer)
        else:
            yield layer
