"""Write the feature network and the heads as one model file, and compare it with the fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc._version import __version__
from ctc.artifacts.model.file import FEATURES_OUTPUT, STRANGENESS_OUTPUT, ModelInfo
from ctc.errors import CtcError, InputError
from ctc.features.probe.fitting.heads import Heads
from ctc.features.strangers.distance import Distance
from ctc.features.strangers.graph import add_strangeness
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, load_model
from ctc.storage.atomic import atomic_write

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-5
"""The largest difference of a probability in the written file from that of the fit."""
STRANGENESS_TOLERANCE = 1e-5
"""The same for strangeness, as a share of the numbers that are added up for it."""
_PREFIX = "probe"


def write_probe(
    source: ModelFile,
    info: ModelInfo,
    heads: Heads,
    distance: Distance | None,
    output: Path,
    compare: Callable[[Model], float],
) -> float:
    """Write the model file with the metadata `info`; return what `compare` does.

    `distance`: becomes the output `strangeness`. `compare` gets the written model and returns the
    largest difference from the fit. Raises CtcError, and writes nothing, if that is above
    TOLERANCE.
    """
    import onnx

    model = with_heads(onnx.load_model_from_string(source.data), heads)
    if distance is not None:
        add_strangeness(model, distance)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, info.to_metadata())
    model.producer_name, model.producer_version = "camera-trap-classifier", __version__
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise CtcError(
            f"the heads can't be joined to '{source.path}' ({' '.join(str(error).split())[:300]}): "
            f"'{output}' was not written"
        ) from None
    with atomic_write(output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
        difference = compare(load_model(partial))
        if not difference <= TOLERANCE:  # also rejects NaN
            raise CtcError(
                f"the written model differs from the fitted heads by {difference:.2g}:"
                f" '{output}' was not written"
            )
    return difference


def with_heads(model: onnx.ModelProto, heads: Heads) -> onnx.ModelProto:
    """Return the network with a head per label in place of the outputs that it had.

    The output `features` stays. Raises InputError if no node computes it.
    """
    from onnx import TensorProto, helper, numpy_helper

    from ctc.export.graph import copy_model

    made = copy_model(model)
    graph = made.graph
    features = next((one for one in graph.output if one.name == FEATURES_OUTPUT), None)
    if features is None or not any(FEATURES_OUTPUT in node.output for node in graph.node):
        raise InputError(f"the network computes no output called '{FEATURES_OUTPUT}'")
    del graph.output[:]
    graph.output.append(features)
    _prune(graph)
    _rename_clashes(graph, {*heads.labels, STRANGENESS_OUTPUT})
    constants: dict[str, NDArray[np.float32]] = {
        "mean": heads.mean,
        "inverse_std": (1 / heads.std.astype(np.float64)).astype(np.float32),
    }
    nodes = [
        ("Cast", [FEATURES_OUTPUT], f"{_PREFIX}/float", {"to": TensorProto.FLOAT}),
        ("Sub", [f"{_PREFIX}/float", f"{_PREFIX}/mean"], f"{_PREFIX}/centred", {}),
        (
            "Mul",
            [f"{_PREFIX}/centred", f"{_PREFIX}/inverse_std"],
            f"{_PREFIX}/standardised",
            {},
        ),
    ]
    for label, head in heads.labels.items():
        prefix = f"{_PREFIX}/{label}"
        constants |= {f"{label}/weights": head.weights, f"{label}/bias": head.bias}
        given = [f"{_PREFIX}/standardised", f"{prefix}/weights", f"{prefix}/bias"]
        nodes.append(("Gemm", given, f"{prefix}/logits", {}))
        activation = ("Sigmoid", {}) if head.multi_label else ("Softmax", {"axis": 1})
        nodes.append((activation[0], [f"{prefix}/logits"], label, activation[1]))
        graph.output.append(
            helper.make_tensor_value_info(
                label, TensorProto.FLOAT, [_batch_name(features), len(head.classes)]
            )
        )
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(values), f"{_PREFIX}/{name}")
        for name, values in constants.items()
    )
    graph.node.extend(
        helper.make_node(operation, inputs, [result], f"{result}:{operation}", **attributes)
        for operation, inputs, result, attributes in nodes
    )
    return made


def largest_difference(
    model: Model, images: NDArray[np.uint8], features: NDArray[np.float32], heads: Heads
) -> float:
    """Return the largest difference of any probability from that of the heads for `features`."""
    actual, expected = model.predict(images), heads.predict(features)
    return max(float(np.abs(actual[label] - values).max()) for label, values in expected.items())


def check_strangeness(
    model: Model, images: NDArray[np.uint8], features: NDArray[np.float32], distance: Distance
) -> None:
    """Raise CtcError unless the model's strangeness is that of the distance for `features`."""
    actual = model.run(images, (STRANGENESS_OUTPUT,))[STRANGENESS_OUTPUT][:, 0]
    expected = distance.of(features)
    difference = float(np.abs(actual - expected).max()) / distance.magnitude(features)
    if not difference <= STRANGENESS_TOLERANCE:
        raise CtcError(
            f"the strangeness of the written model differs from the fit by {difference:.2g}: "
            "add --no-strangers"
        )


def _prune(graph: onnx.GraphProto) -> None:
    """Drop the nodes and constants that no output needs."""
    producers = {name: node for node in graph.node for name in node.output}
    needed: set[str] = set()
    pending = [one.name for one in graph.output]
    while pending:
        name = pending.pop()
        if name in needed:
            continue
        needed.add(name)
        if node := producers.get(name):
            pending.extend(_inputs(node))
    kept = [node for node in graph.node if needed.intersection(node.output)]
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    shapes = [value for value in graph.value_info if value.name in needed]
    for field, values in (
        (graph.node, kept),
        (graph.initializer, tensors),
        (graph.value_info, shapes),
    ):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)


def _inputs(node: onnx.NodeProto) -> list[str]:
    """Return the values that a node needs, also those that its branches and loops take."""
    found = [name for name in node.input if name]
    for attribute in node.attribute:
        for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            found += [name for inner in graph.node for name in _inputs(inner)]
            found += [one.name for one in graph.output]
    return found


def _rename_clashes(graph: onnx.GraphProto, outputs: set[str]) -> None:
    """Rename inner values that are called like a new output."""
    for name in {name for node in graph.node for name in node.output} & outputs:
        for node in graph.node:
            for names in (node.input, node.output):
                names[:] = [f"{_PREFIX}/inner/{one}" if one == name else one for one in names]


def _batch_name(output: onnx.ValueInfoProto) -> str:
    return output.type.tensor_type.shape.dim[0].dim_param or "N"
