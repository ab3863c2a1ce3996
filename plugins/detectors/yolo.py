"""Layouts of the YOLO networks: one output, boxes in pixels of the input.

The shapes are those of Ultralytics' and YOLOv5's exports to ONNX: docs.ultralytics.com/modes/export
and github.com/ultralytics/yolov5/blob/master/models/yolo.py (Detect.forward); MegaDetector v5 is a
YOLOv5, v6 a YOLOv9, a YOLOv10 or an RT-DETR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ctc.plugin import Detector, OutputShape, RawBoxes, hookimpl

from .common import Floats, best_categories, named_categories

MAX_END_TO_END = 1000
"""End-to-end networks return at most 300 boxes, the others thousands of candidates."""


@hookimpl
def ctc_detectors() -> list[Detector]:
    return [
        Detector(
            "yolov5",
            "YOLOv5 and MegaDetector v5: boxes with an objectness",
            "one output (N, boxes, 5 + categories)",
            recognizes_yolov5,
            decode_yolov5,
        ),
        Detector(
            "yolov8",
            "YOLOv8, YOLOv9, YOLO11 and their kin: a column per box, no objectness",
            "one output (N, 4 + categories, boxes)",
            recognizes_yolov8,
            decode_yolov8,
        ),
        Detector(
            "yolo-e2e",
            "YOLOv10, YOLO26 and exports with the suppression of overlaps inside",
            f"one output (N, at most {MAX_END_TO_END} boxes, 6)",
            recognizes_end_to_end,
            decode_end_to_end,
            has_overlaps=False,
        ),
    ]


def recognizes_yolov5(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether there is one output (N, many boxes, 5 + categories)."""
    sizes = _last_sizes(outputs)
    if sizes is None:
        return False
    boxes, values = sizes
    if values is None or values < 6 or (boxes is not None and boxes <= max(values, MAX_END_TO_END)):
        return False
    return categories is None or values == 5 + categories


def recognizes_yolov8(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether there is one output (N, 4 + categories, many boxes)."""
    sizes = _last_sizes(outputs)
    if sizes is None:
        return False
    values, boxes = sizes
    if values is None or values < 5 or (boxes is not None and boxes <= values):
        return False
    return categories is None or values == 4 + categories


def recognizes_end_to_end(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether there is one output (N, few boxes, 6); it doesn't tell the categories."""
    sizes = _last_sizes(outputs)
    if sizes is None or sizes[1] != 6:
        return False
    return sizes[0] is None or sizes[0] <= MAX_END_TO_END


def decode_yolov5(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode (N, boxes, 5 + categories): x, y, width, height, objectness, scores."""
    found = []
    for rows in _only(outputs):
        likely = rows[rows[:, 4] >= min_score]  # a score is at most the objectness
        found.append(best_categories(likely[:, :4], likely[:, 5:] * likely[:, 4:5], min_score))
    return found


def decode_yolov8(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode (N, 4 + categories, boxes): x, y, width, height, scores."""
    found = []
    for columns in _only(outputs):
        likely = columns[:, columns[4:].max(axis=0) >= min_score].T
        found.append(best_categories(likely[:, :4], likely[:, 4:], min_score))
    return found


def decode_end_to_end(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode (N, boxes, 6): left, top, right, bottom, score, category; unused rows are zero."""
    return [
        named_categories(rows[:, :4], rows[:, 4], rows[:, 5], max(min_score, 1e-9))
        for rows in _only(outputs)
    ]


def _last_sizes(outputs: Sequence[OutputShape]) -> tuple[int | None, int | None] | None:
    """Return the last two sizes of the only output; None unless it has three dimensions.

    Segmentation and pose networks have further outputs or values, and are not recognized.
    """
    if len(outputs) != 1 or len(outputs[0].shape) != 3:
        return None
    return outputs[0].shape[1], outputs[0].shape[2]


def _only(outputs: Mapping[str, Floats]) -> Floats:
    (output,) = outputs.values()
    return output
