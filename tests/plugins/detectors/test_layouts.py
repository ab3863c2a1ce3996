"""Layouts of detection networks, by outputs made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.plugin import Detector, OutputShape
from ctc.plugin.manager import plugins
from ctc.testing import check_detector

Box = tuple[float, float, float, float, float, int]

SIZE = (64, 96)
BOXES: list[list[Box]] = [
    [(8, 16, 40, 48, 0.9, 1), (50, 2, 90, 62, 0.4, 0)],
    [(0, 0, 96, 64, 0.75, 0)],
    [],
]


def layout(name: str) -> Detector:
    return plugins().get(Detector, name)


def centers(box: Box) -> list[float]:
    left, top, right, bottom = box[:4]
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def one_hot(box: Box, categories: int) -> list[float]:
    return [box[4] if number == box[5] else box[4] / 10 for number in range(categories)]


def yolov5(boxes: list[list[Box]], rows: int = 1200, categories: int = 3) -> np.ndarray:
    output = np.zeros((len(boxes), rows, 5 + categories), np.float32)
    for own, image in zip(boxes, output, strict=True):
        for row, box in enumerate(own):
            scores = [score / 0.95 for score in one_hot(box, categories)]
            image[row * 7 + 3] = [*centers(box), 0.95, *scores]
    return output


def yolov8(boxes: list[list[Box]], columns: int = 1200, categories: int = 3) -> np.ndarray:
    output = np.zeros((len(boxes), 4 + categories, columns), np.float32)
    for own, image in zip(boxes, output, strict=True):
        for column, box in enumerate(own):
            image[:, column * 5 + 2] = [*centers(box), *one_hot(box, categories)]
    return output


def end_to_end(boxes: list[list[Box]]) -> np.ndarray:
    output = np.zeros((len(boxes), 300, 6), np.float32)
    for own, image in zip(boxes, output, strict=True):
        for row, box in enumerate(own):
            image[row] = box
    return output


def queries(boxes: list[list[Box]], categories: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Boxes as fractions, and scores."""
    found = np.zeros((len(boxes), 300, 4), np.float32)
    scores = np.full((len(boxes), 300, categories), 0.001, np.float32)
    for number, own in enumerate(boxes):
        for row, box in enumerate(own):
            found[number, row] = np.array(centers(box)) / [SIZE[1], SIZE[0], SIZE[1], SIZE[0]]
            scores[number, row] = one_hot(box, categories)
    return found, scores


def logits(scores: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(scores / (1 - scores)), np.float32)


def ranked(boxes: list[list[Box]]) -> dict[str, np.ndarray]:
    rows = end_to_end(boxes)
    return {"labels": rows[..., 5].copy(), "boxes": rows[..., :4], "scores": rows[..., 4].copy()}


def ssd(boxes: list[list[Box]]) -> dict[str, np.ndarray]:
    rows = end_to_end(boxes)
    height, width = SIZE
    corners = rows[..., [1, 0, 3, 2]] / np.array([height, width, height, width], np.float32)
    corners[:, 290:] = 0.3  # beyond the count of boxes
    rows[:, 290:, 4] = 0.99
    return {
        "detection_boxes": corners,
        "detection_classes": rows[..., 5] + 1,
        "detection_scores": rows[..., 4].copy(),
        "num_detections": np.full(len(boxes), 290, np.float32),
    }


def test_built_in_layouts_keep_the_contract() -> None:
    found, scores = queries(BOXES)
    for name, outputs, categories in [
        ("yolov5", {"output0": yolov5(BOXES)}, 3),
        ("yolov8", {"output0": yolov8(BOXES)}, 3),
        ("yolo-e2e", {"output0": end_to_end(BOXES)}, None),
        ("rtdetr", {"pred_boxes": found, "logits": logits(scores)}, 3),
        ("rtdetr", {"scores": scores, "boxes": found}, 3),
        ("rtdetr", {"output0": np.concatenate([found, scores], axis=2)}, 3),
        ("dfine", ranked(BOXES), None),
        ("ssd", ssd(BOXES), None),
    ]:
        check_detector(layout(name), outputs, BOXES, size=SIZE, categories=categories)


@pytest.mark.parametrize(
    ("shapes", "categories", "expected"),
    [
        ([("output", (None, 25200, 8))], None, {"yolov5"}),
        ([("output", (1, 25200, 8))], 3, {"yolov5"}),
        ([("output", (1, 25200, 8))], 80, set()),
        ([("output0", (1, 84, 8400))], None, {"yolov8"}),
        ([("output0", (1, 7, 8400))], 3, {"yolov8"}),
        ([("output0", (1, 300, 6))], None, {"yolo-e2e"}),
        ([("output0", (1, 300, 6))], 2, {"yolo-e2e", "rtdetr"}),
        ([("output0", (1, 300, 84))], None, {"rtdetr"}),
        ([("output0", (1, 300, 84))], 80, {"rtdetr"}),
        ([("logits", (1, 300, 80)), ("pred_boxes", (1, 300, 4))], None, {"rtdetr"}),
        ([("logits", (1, 300, 80)), ("pred_boxes", (1, 300, 4))], 3, set()),
        ([("labels", (1, 300)), ("boxes", (1, 300, 4)), ("scores", (1, 300))], 80, {"dfine"}),
        ([("probabilities", (None, 1000))], None, set()),
        ([("output0", (1, 116, 8400)), ("output1", (1, 32, 160, 160))], None, set()),
        ([], None, set()),
    ],
)
def test_layouts_recognize_the_shapes_of_public_networks(shapes, categories, expected) -> None:
    outputs = [OutputShape(*output) for output in shapes]
    known = plugins().all(Detector)
    found = {name for name, one in known.items() if one.recognizes(outputs, categories)}
    assert found == expected


def test_scores_below_the_lowest_are_left_out() -> None:
    for name, output in [("yolov5", yolov5(BOXES)), ("yolov8", yolov8(BOXES))]:
        found = layout(name).decode({"output0": output}, SIZE, 0.5)
        assert [raw.scores.tolist() for raw in found] == [
            pytest.approx(scores) for scores in ([0.9], [0.75], [])
        ]


def test_rows_that_are_not_numbers_are_left_out() -> None:
    for name, output, axis in [("yolov5", yolov5(BOXES), 1), ("yolov8", yolov8(BOXES), 2)]:
        values = np.moveaxis(output, axis, 1).copy()
        values[:, 20, :4] = [np.nan, np.inf, 3, 3]
        values[:, 20, 4:] = 0.9
        broken = np.moveaxis(values, 1, axis).copy()
        found = layout(name).decode({"output0": broken}, SIZE, 0.3)
        assert [len(raw.scores) for raw in found] == [2, 1, 0]
