"""Detectors in float16 and int8, with what they lose measured on photos.

Only the body of the network gets smaller: what comes before the last convolutions. Those and the
arithmetic of boxes and scores after them stay in float32, since coordinates of 640 pixels need more
digits than eight bits or half precision have.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.model.detector import DetectorInfo
from ctc.detection.detector import DetectionConfig, OpenDetector
from ctc.detection.opening import open_detector
from ctc.errors import CtcError, InputError
from ctc.export.config import ExportPrecision
from ctc.export.float16 import halve
from ctc.export.graph import constants, consumers, copy_model, infer_shapes
from ctc.export.quantizable_nodes import INTERLAYER_OPS
from ctc.export.quantize import quantize
from ctc.export.session import open_session
from ctc.runtime.model_bytes import ModelFile

MIN_KEPT = {"float16": 0.99, "int8": 0.95}
"""Share of the float32 network's boxes that must be found again."""
SAME_BOX = 0.5
"""Intersection over union from which two boxes count as the same."""
COMPARED_CONFIDENCE = 0.2
"""Boxes of the float32 network that are looked for: surer ones than this."""
_INTERLAYER_OPS = INTERLAYER_OPS | {"Resize"}


@dataclass(frozen=True)
class BoxParity:
    """How the boxes of a smaller detector agree with those of the float32 network.

    `boxes`: those of the float32 network on the `photos`. `kept`: the share of them that is found
    again, with the same category and an overlap of SAME_BOX. `overlap`: the mean intersection over
    union of those. `new`: boxes that only the smaller one has, per box of the float32 network.
    """

    photos: int
    boxes: int
    kept: float
    overlap: float
    new: float

    def to_json(self) -> dict[str, Any]:
        """Return the parity as a JSON object."""
        return asdict(self)

    def line(self) -> str:
        """Return a summary."""
        return (
            f"{self.kept:.1%} of {self.boxes:,} boxes on {self.photos:,} photos are found again, "
            f"with a mean overlap of {self.overlap:.3f}; {self.new:.1%} more are new"
        )


def shrink_detector(
    model: ModelProto,
    info: DetectorInfo,
    precision: ExportPrecision,
    calibration: Iterable[NDArray[np.uint8]],
    compared: NDArray[np.uint8],
    min_kept: float | None = None,
) -> tuple[ModelProto, BoxParity]:
    """Return the model in `precision`, float16 or int8, and what it loses.

    `calibration`: batches of photos for int8, `compared`: photos to compare on, uint8 (N, height,
    width, 3), as `info.input` has them. Raises CtcError when fewer boxes than `min_kept` are found
    again, when there is no box to compare, and when the network can't be converted.
    """
    exact = _optimized(model)
    reference = _open(exact, info)
    body = _body(exact.graph)
    if not body:
        raise CtcError("the network has no convolutions that could be smaller: keep float32")
    if precision == "float16":
        full = {node.name for node in exact.graph.node if node.name not in body}
        smaller = halve(exact, full)
    else:
        nodes = _nodes_to_quantize(exact.graph, body)
        smaller = quantize(exact, nodes, _ranges(exact, nodes, reference, calibration))
    parity = compare_boxes(reference, _open(smaller, info), compared)
    lowest = MIN_KEPT[precision] if min_kept is None else min_kept
    if parity.kept < lowest:
        raise CtcError(
            f"only {parity.line()} in {precision}: fewer than {lowest:.0%}; keep float32, or lower "
            "--min-agreement"
        )
    return smaller, parity


def compare_boxes(
    reference: OpenDetector, smaller: OpenDetector, photos: NDArray[np.uint8]
) -> BoxParity:
    """Return how the boxes of two detectors agree on photos; raises InputError without any box."""
    wanted = list(_boxes(reference, photos, COMPARED_CONFIDENCE))
    found = list(_boxes(smaller, photos, COMPARED_CONFIDENCE / 2))
    overlaps: list[float] = []
    new = 0
    for expected, seen in zip(wanted, found, strict=True):
        left = list(seen)
        for one in expected:
            best = max(left, key=lambda other: _overlap(one, other), default=None)
            if best is not None and _overlap(one, best) >= SAME_BOX:
                overlaps.append(_overlap(one, best))
                left.remove(best)
        new += sum((one.box.confidence or 0.0) >= COMPARED_CONFIDENCE for one in left)
    boxes = sum(map(len, wanted))
    if not boxes:
        raise InputError(
            f"the detector finds nothing in the {len(photos):,} photos to compare on: give photos "
            "with animals by --calibration-photos"
        )
    mean = float(np.mean(overlaps)) if overlaps else 0.0
    return BoxParity(len(photos), boxes, len(overlaps) / boxes, mean, new / boxes)


def _boxes(
    detector: OpenDetector, photos: NDArray[np.uint8], confidence: float
) -> Iterator[tuple[Detection, ...]]:
    whole = (0, 0, detector.info.input.height, detector.info.input.width)
    for photo in photos:
        outputs = detector.run(photo[None])
        yield from detector.decode(outputs, [whole], DetectionConfig(confidence))


def _overlap(one: Detection, other: Detection) -> float:
    """Return the intersection over union, 0 for boxes of different categories."""
    return _iou(one.box, other.box) if one.category == other.category else 0.0


def _iou(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def _open(model: ModelProto, info: DetectorInfo) -> OpenDetector:
    helper.set_model_props(model, info.to_metadata())
    return open_detector(ModelFile(Path("the smaller network"), model.SerializeToString()))


def _optimized(model: ModelProto) -> ModelProto:
    """Return the model with batch normalisation folded into convolutions, and names for nodes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimized.onnx"
        open_session(model, path)
        made = onnx.load(path)
    for number, node in enumerate(made.graph.node):
        node.name = f"node {number}"
    return infer_shapes(made)


def _body(graph: GraphProto) -> set[str]:
    """Return the names of the nodes that a later convolution depends on, and are float."""
    users = consumers(graph)
    body: set[str] = set()
    for node in reversed(graph.node):
        following = [user for value in node.output for user in users[value]]
        if any(user.op_type == "Conv" or user.name in body for user in following):
            body.add(node.name)
    return body


def _nodes_to_quantize(graph: GraphProto, body: set[str]) -> list[NodeProto]:
    """Return the convolutions of the body, and the operators whose inputs all come from them."""
    known = constants(graph)
    values: set[str] = set()
    chosen = []
    for node in graph.node:
        if node.name not in body:
            continue
        inputs = [name for name in node.input if name and name not in known]
        scalars = all(known[name].size == 1 for name in node.input if name in known)
        follows = (
            node.op_type in _INTERLAYER_OPS
            and (scalars or node.op_type == "Resize")
            and values.issuperset(inputs)
        )
        if (node.op_type == "Conv" and node.input[1] in known) or follows:
            chosen.append(node)
            values.update(node.output)
    return chosen


def _ranges(
    model: ModelProto,
    nodes: Sequence[NodeProto],
    reference: OpenDetector,
    calibration: Iterable[NDArray[np.uint8]],
) -> dict[str, tuple[float, float]]:
    """Return the range of each float value around `nodes` on photos, 0 included."""
    floats = {
        value.name: value
        for value in (*model.graph.value_info, *model.graph.input)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    around = {name for node in nodes for name in (*node.input, *node.output)}
    names = sorted(around & set(floats))
    given = model.graph.input[0].name
    watched = copy_model(model)
    watched.graph.output.extend(floats[name] for name in names if name != given)
    session = open_session(watched)
    asked = [name for name in names if name != given]
    found: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    count = 0
    for batch in calibration:
        for photo in batch:
            count += 1
            numbers = reference.to_input(photo[None])
            seen = {given: numbers, **dict(zip(asked, session.run(asked, {given: numbers})))}  # noqa: B905
            for name in names:
                low, high = found[name]
                found[name] = min(low, float(seen[name].min())), max(high, float(seen[name].max()))
    if not count:
        raise InputError("no photo of --calibration-photos can be decoded: give another folder")
    return found
