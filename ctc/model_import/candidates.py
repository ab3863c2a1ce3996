"""The graphs that an imported network may get, the best first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import onnx
from onnx import ModelProto

from ctc.errors import CtcError, InputError, shorten
from ctc.export.config import ExportPrecision
from ctc.export.float16 import to_float16
from ctc.export.quantize import quantized_candidates
from ctc.export.simplify import simplify
from ctc.model_import.graph.batch_axis import free_batch_axis
from ctc.model_import.graph.ends import known_tensors
from ctc.model_import.graph.nodes import GraphPlan
from ctc.model_import.graph.opset import MIN_OPSET, OPSET, upgrade_opset
from ctc.model_import.graph.weights import without_weights
from ctc.model_import.graph.wrap import opset_version, wrap_network, wrap_photo_by_photo
from ctc.model_import.photos import PhotoSample

Builder = Callable[[], ModelProto]

_ONE_BY_ONE = "batch size: the network takes one photo at a time, so a batch runs one by one"


def float32_candidates(
    network: ModelProto, plan: GraphPlan, path: object
) -> Iterator[tuple[str, Builder]]:
    """Yield graphs in the network's own precision: a note on each, and a function that builds it.

    First with the opset of ctc's own files; first with any number of photos at a time, then one by
    one, also for a network that only says that it takes any number. Raises InputError when there is
    none.
    """
    upgraded = upgrade_opset(network)
    if upgraded is None and opset_version(network) < MIN_OPSET:
        raise InputError(
            f"network '{path}' is of opset {opset_version(network)}, and can't be converted to "
            f"opset {OPSET}: export it again, with a newer program"
        )
    graphs = [graph for graph in (upgraded, network) if graph is not None]
    fixed = _fixed_batch(plan)
    for graph in graphs:
        if fixed is None:
            yield "", partial(wrap_network, graph, plan)
        else:
            yield f"batch size: any number instead of {fixed}", partial(_free, graph, plan, fixed)
        if fixed in (None, 1):
            yield _ONE_BY_ONE, partial(wrap_photo_by_photo, graph, plan)
    if fixed not in (None, 1):
        raise InputError(
            f"network '{path}' takes exactly {fixed} photos at a time, and can't be changed to "
            "take any number: export it with a free batch axis, or for 1 photo"
        )


def _free(network: ModelProto, plan: GraphPlan, fixed: int) -> ModelProto:
    return wrap_network(free_batch_axis(network, known_tensors(network), fixed), plan)


def _fixed_batch(plan: GraphPlan) -> int | None:
    shape = plan.inputs.tensor.shape
    return shape[0] if shape else None


def check_graph(model: ModelProto) -> None:
    """Raise CtcError unless the graph is sound; shapes are inferred and compared too."""
    light, _ = without_weights(model)
    try:
        onnx.checker.check_model(light, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = shorten(" ".join(str(error).split()), 300)
        raise CtcError(f"its graph is not sound: {reason}") from None


def smaller_candidates(
    model: ModelProto, precision: ExportPrecision, photos: PhotoSample | None
) -> Iterable[tuple[ModelProto, dict[str, int]]]:
    """Yield float16 or int8 versions of a float32 graph, and how each was quantized, fastest first.

    `photos`: those to calibrate int8 on. Raises CtcError for a network that can't be converted.
    """
    if any(node.op_type == "Scan" for node in model.graph.node):
        raise CtcError(
            f"a network that takes one photo at a time can't be written in {precision}: export it "
            "with a free batch axis, or leave --precision out"
        )
    if opset_version(model) < OPSET:
        raise CtcError(
            f"a network of opset {opset_version(model)} can't be written in {precision}: export it "
            f"in opset {OPSET}, or leave --precision out"
        )
    simple = simplify(model)
    if precision == "float16":
        yield to_float16(simple), {}
        return
    if photos is None:
        raise CtcError("int8 needs photos to calibrate on: give --calibration-photos DIR")
    for one in quantized_candidates(simple, photos):
        yield (
            one.model,
            {
                "calibration_photos": one.calibration_photos,
                "layers": one.layers,
                "quantized_layers": one.quantized_layers,
            },
        )
