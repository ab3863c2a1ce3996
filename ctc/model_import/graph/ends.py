"""Inputs and outputs of a foreign graph: which there are, and the part between those chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from ctc.errors import UsageError, did_you_mean, shorten
from ctc.export.graph import LAYER_OPS, copy_model
from ctc.model_import.graph.weights import without_weights
from ctc.model_import.source.onnx_file import nested_graphs

_MAX_LISTED = 8


@dataclass(frozen=True)
class Tensor:
    """A value of a graph.

    `dtype`: a number of `TensorProto.DataType`. `shape`: None for an unknown length; None as a
    whole if even the number of dimensions is unknown.
    """

    name: str
    dtype: int
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"'{shorten(self.name)}'"
        lengths = ", ".join("any" if length is None else str(length) for length in self.shape)
        return f"'{shorten(self.name)}' [{lengths}]"


def known_tensors(model: ModelProto) -> dict[str, Tensor]:
    """Return all values whose type is known, by name, as far as ONNX's inference can tell."""
    light, _ = without_weights(model)
    # shapes that contradict each other show when the network is run
    with suppress(onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        light = onnx.shape_inference.infer_shapes(light)
    graph = light.graph
    values = (*graph.input, *graph.value_info, *graph.output)
    return {value.name: _tensor(value) for value in values}


def _tensor(value: ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    shape = None
    if kind.HasField("shape"):
        shape = tuple(
            length.dim_value if length.HasField("dim_value") and length.dim_value > 0 else None
            for length in kind.shape.dim
        )
    return Tensor(value.name, kind.elem_type, shape)


def output_names(model: ModelProto) -> list[str]:
    """Return the names of the graph's outputs."""
    return [value.name for value in model.graph.output]


def check_tensor(model: ModelProto, name: str, option: str) -> str:
    """Return the name if a node of the graph computes it; raises UsageError that suggests others.

    Outputs are suggested first, and the input of the last layer.
    """
    computed = {output for node in model.graph.node for output in node.output if output}
    if name in computed:
        return name
    outputs = ", ".join(f"'{shorten(one)}'" for one in output_names(model)[:_MAX_LISTED])
    last = last_layer_input(model, output_names(model)[0])
    inner = f"; the input of its last layer is '{shorten(last)}'" if last else ""
    close = did_you_mean(name, computed)
    hint = close if "did you mean" in close else f": its outputs are {outputs}{inner}"
    raise UsageError(f"{option}: the network has no tensor '{shorten(name)}'{hint}")


def last_layer_input(model: ModelProto, output: str) -> str | None:
    """Return the value that the last layer before `output` takes, None if there is none."""
    producers = computing_nodes(model)
    node = producers.get(output)
    while node is not None:
        if node.op_type in LAYER_OPS:
            return str(node.input[0])
        inner = [name for name in node.input if name in producers]
        node = producers[inner[0]] if len(inner) == 1 else None
    return None


def computing_nodes(model: ModelProto) -> dict[str, NodeProto]:
    """Return the node that computes each value, without those of constants."""
    found: dict[str, NodeProto] = {}
    constants = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" or (
            node.op_type == "Identity" and constants.issuperset(node.input)
        ):
            constants.update(node.output)
        else:
            found |= dict.fromkeys(node.output, node)
    return found


def prune(model: ModelProto, outputs: Sequence[str]) -> ModelProto:
    """Return the part of the model that computes `outputs`, which become its outputs.

    Inputs that only other outputs need are gone, such as the text of a network for photo and text.
    """
    part = copy_model(model)
    graph = part.graph
    needed, nodes = set(outputs), list[NodeProto]()
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node_inputs(node))
    kept = [NodeProto.FromString(node.SerializeToString()) for node in reversed(nodes)]
    del graph.node[:]
    graph.node.extend(kept)
    types = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
    del graph.output[:]
    graph.output.extend(types.get(name, ValueInfoProto(name=name)) for name in outputs)
    _keep_named(graph, needed)
    return part


def node_inputs(node: NodeProto) -> Iterator[str]:
    """Yield what a node reads, also inside its nested graphs."""
    yield from (name for name in node.input if name)
    for nested in nested_graphs(node):
        for inner in nested.node:
            yield from node_inputs(inner)
        yield from (value.name for value in nested.output)


def _keep_named(graph: GraphProto, names: Collection[str]) -> None:
    """Drop inputs, constants and shapes that are not in `names`."""
    for field in (graph.input, graph.initializer):
        kept = [one for one in field if one.name in names]
        del field[:]
        field.extend(kept)
    sparse = [one for one in graph.sparse_initializer if one.values.name in names]
    del graph.sparse_initializer[:]
    graph.sparse_initializer.extend(sparse)


def photo_input(model: ModelProto, tensors: Mapping[str, Tensor], wanted: str | None) -> Tensor:
    """Return the input that takes the photos; raises UsageError if there isn't exactly one.

    Inputs with a default value, as older files list their weights, don't count.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    found = [tensors[value.name] for value in model.graph.input if value.name not in constants]
    names = ", ".join(str(one) for one in found[:_MAX_LISTED])
    if wanted is not None and wanted not in {one.name for one in found}:
        raise UsageError(
            f"--input-name: the network has no input '{shorten(wanted)}'"
            + did_you_mean(wanted, [one.name for one in found])
        )
    if not found:
        raise UsageError("the network has no input that its outputs depend on: it can't classify")
    if len(found) > 1:
        raise UsageError(
            f"the network needs {len(found)} inputs ({names}), and ctc gives it photos alone: "
            "export it with one input, or choose an output that needs only one by --output-name"
        )
    return found[0]


def is_float(dtype: int) -> bool:
    """Return whether a tensor holds floating-point numbers that photos can be cast to."""
    return dtype in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
