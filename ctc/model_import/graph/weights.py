"""Set the weights of a graph aside, so that what looks at or changes the graph copies kilobytes."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import ModelProto, TensorProto, helper

from ctc.export.graph import copy_model

_SMALL = 4096
"""Bytes of a constant that stays: shapes, axes and the like tell what the graph does."""


def without_weights(model: ModelProto) -> tuple[ModelProto, dict[str, TensorProto]]:
    """Return a copy of the model without its large constants, which become inputs; and these.

    The constants are those of `model` itself, not copies.
    """
    light = ModelProto()
    for field, value in model.ListFields():
        if field.name == "graph":
            continue
        if isinstance(value, int | str | bytes):
            setattr(light, field.name, value)
        else:
            getattr(light, field.name).extend(value)
    weights = {one.name: one for one in model.graph.initializer if one.ByteSize() > _SMALL}
    graph = light.graph
    graph.name = model.graph.name or "network"
    for name in ("node", "input", "output", "value_info", "sparse_initializer"):
        getattr(graph, name).extend(getattr(model.graph, name))
    graph.initializer.extend(one for one in model.graph.initializer if one.name not in weights)
    listed = {value.name for value in graph.input}
    graph.input.extend(
        helper.make_tensor_value_info(name, one.data_type, list(one.dims))
        for name, one in weights.items()
        if name not in listed
    )
    return light, weights


def with_weights(light: ModelProto, weights: Mapping[str, TensorProto]) -> ModelProto:
    """Return the model with the large constants that were set aside, and are still used."""
    model = copy_model(light)
    graph = model.graph
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    graph.initializer.extend(weights.values())
    return model
