"""Contract check of detectors: `check_detector`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.plugin.detection import Detector, OutputShape, RawBoxes
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal

Outputs = Mapping[str, NDArray[np.float32]]

_TOLERANCE = 0.01
"""Pixels that a box may be off, and of scores the part."""


def check_detector(
    detector: Detector,
    outputs: Outputs,
    boxes: Sequence[Sequence[tuple[float, float, float, float, float, int]]],
    *,
    size: tuple[int, int],
    categories: int | None = None,
) -> None:
    """Raise AssertionError if `detector` breaks the contract of `ctc.plugin.Detector`.

    `outputs`: those of a network for a batch of N images, N at least 2. `boxes`: per image the
    boxes that they mean, in any order: left, top, right, bottom in pixels of the input, score and
    category. `size`: (height, width) of the input. `categories`: how many the network knows, None
    if its outputs don't tell. Takes milliseconds.
    """
    check_record(detector, Detector)
    expect(bool(detector.expects.strip()), "expects is empty: say which outputs have this layout")
    expect(len(boxes) > 1, "give the outputs of at least 2 images: batches have more than one")
    lowest = min((box[4] for image in boxes for box in image), default=0.5)
    found = _decode(detector, outputs, size, lowest - 0.001, "the given outputs")
    expect_equal(len(found), len(boxes), "number of images")
    for number, (raw, expected) in enumerate(zip(found, boxes, strict=True)):
        _check_boxes(raw, expected, f"image {number}")
    _check_shapes(detector, outputs, categories)
    _check_single(detector, outputs, boxes, size, lowest - 0.001)
    _check_nothing(detector, outputs, size)


def _decode(
    detector: Detector, outputs: Outputs, size: tuple[int, int], min_score: float, what: str
) -> Sequence[RawBoxes]:
    given = {name: values.copy() for name, values in outputs.items()}
    with expect_clean_run(f"decode() of {what}"), np.errstate(all="ignore"):
        found = detector.decode(given, size, min_score)
    for name, values in outputs.items():
        same = np.array_equal(given[name], values, equal_nan=True)
        expect(same, f"decode() of {what} changed its input array '{name}'")
    for raw in found:
        form = [
            (str(raw.corners.dtype), raw.corners.shape),
            (str(raw.scores.dtype), raw.scores.shape),
            (str(raw.categories.dtype), raw.categories.shape),
        ]
        count = len(raw.scores)
        expected = [("float32", (count, 4)), ("float32", (count,)), ("int64", (count,))]
        expect_equal(form, expected, f"types and shapes of the RawBoxes of {what}")
        numbers = bool(np.isfinite(raw.corners).all() and np.isfinite(raw.scores).all())
        expect(numbers, f"decode() of {what} gave boxes that are not numbers")
    return found


def _check_boxes(
    raw: RawBoxes,
    expected: Sequence[tuple[float, float, float, float, float, int]],
    what: str,
) -> None:
    rows = np.column_stack([raw.corners, raw.scores, raw.categories]).astype(np.float64)
    missing = [
        box
        for box in expected
        if not (np.abs(rows - np.array(box, np.float64)) < _TOLERANCE).all(axis=1).any()
    ]
    shown = np.round(rows, 3).tolist()
    expect(not missing, f"{what} lacks the box {missing and missing[0]}: it has {shown}")
    expect_equal(len(rows), len(expected), f"number of boxes of {what}")


def _check_shapes(detector: Detector, outputs: Outputs, categories: int | None) -> None:
    shapes = [OutputShape(name, (None, *values.shape[1:])) for name, values in outputs.items()]
    for known in {None, categories}:
        expect(
            detector.recognizes(shapes, known),
            f"recognizes() doesn't take the shapes of the given outputs ({known} categories)",
        )
    odd = [OutputShape("a", (None,)), OutputShape("b", (None, 3, 3, 3)), OutputShape("c", ())]
    expect(not detector.recognizes(odd, None), "recognizes() takes outputs of odd shapes")
    expect(not detector.recognizes([], None), "recognizes() takes a network without outputs")


def _check_single(
    detector: Detector,
    outputs: Outputs,
    boxes: Sequence[Sequence[tuple[float, float, float, float, float, int]]],
    size: tuple[int, int],
    min_score: float,
) -> None:
    """Check that an image has the same boxes in a batch of its own."""
    for number, expected in enumerate(boxes):
        alone = {name: values[number : number + 1] for name, values in outputs.items()}
        (raw,) = _decode(detector, alone, size, min_score, f"image {number} alone")
        _check_boxes(raw, expected, f"image {number} alone")


def _check_nothing(detector: Detector, outputs: Outputs, size: tuple[int, int]) -> None:
    """Check that outputs that are no numbers, and a score that none has, give no boxes."""
    nothing = {name: np.full_like(values, np.nan) for name, values in outputs.items()}
    for raw in _decode(detector, nothing, size, 0.01, "outputs that are not numbers"):
        expect_equal(len(raw.scores), 0, "number of boxes of outputs that are not numbers")
    for raw in _decode(detector, outputs, size, 1.01, "the given outputs above every score"):
        expect_equal(len(raw.scores), 0, "number of boxes above every score")
