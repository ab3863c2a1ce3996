"""Layout of TensorFlow's Object Detection API, with the suppression of overlaps inside.

Boxes are top, left, bottom, right as fractions of the input, classes begin at 1
(github.com/tensorflow/models/blob/master/research/object_detection/g3doc/tf2_detection_zoo.md);
MegaDetector v2 to v4 are such networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctc.plugin import Detector, OutputShape, RawBoxes, hookimpl

from .common import Floats, named_categories

BOXES, CLASSES, SCORES, COUNT = (
    "detection_boxes",
    "detection_classes",
    "detection_scores",
    "num_detections",
)


@hookimpl
def ctc_detectors() -> list[Detector]:
    return [
        Detector(
            "ssd",
            "networks of TensorFlow's Object Detection API: SSD, Faster R-CNN, EfficientDet",
            f"outputs called {BOXES} (N, boxes, 4), {CLASSES} and {SCORES} (N, boxes)",
            recognizes,
            decode,
            has_overlaps=False,
            resize="stretch",
        )
    ]


def recognizes(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether the outputs have the names of the API."""
    ranks = {output.name: len(output.shape) for output in outputs}
    return (ranks.get(BOXES), ranks.get(CLASSES), ranks.get(SCORES)) == (3, 2, 2)


def decode(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode the boxes up to the count of each image."""
    height, width = size
    counts = outputs.get(COUNT)
    found = []
    for number, boxes in enumerate(outputs[BOXES]):
        used = np.full(len(boxes), fill_value=True)
        if counts is not None:
            used = np.arange(len(boxes)) < np.ravel(counts)[number]
        top, left, bottom, right = boxes[used].T
        corners = np.stack([left * width, top * height, right * width, bottom * height], axis=1)
        scores, classes = outputs[SCORES][number][used], outputs[CLASSES][number][used]
        found.append(named_categories(corners, scores, classes - 1, max(min_score, 1e-9)))
    return found
