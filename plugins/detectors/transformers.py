"""Layouts of the detection transformers: a few hundred queries, boxes as fractions of the input.

RT-DETR (arXiv 2304.08069) and D-FINE (arXiv 2410.13842) find each animal once, so overlaps need no
suppression, and take photos that are stretched to the input. Hugging Face's exports put out
`logits` and `pred_boxes` (huggingface.co/docs/transformers/model_doc/rt_detr); Ultralytics' export
puts both into one output, with scores in place of logits; the authors' own exports end with
`labels`, `boxes` in pixels and `scores` (github.com/Peterande/D-FINE, tools/deployment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctc.plugin import Detector, OutputShape, RawBoxes, hookimpl

from .common import Floats, best_categories, named_categories, sigmoid

MAX_QUERIES = 1000


@hookimpl
def ctc_detectors() -> list[Detector]:
    return [
        Detector(
            "rtdetr",
            "RT-DETR, D-FINE and other transformers: boxes and logits or scores of queries",
            "two outputs, boxes (N, queries, 4) and logits or scores (N, queries, categories), or "
            f"one of (N, at most {MAX_QUERIES} queries, 4 + categories)",
            recognizes_queries,
            decode_queries,
            has_overlaps=False,
            resize="stretch",
        ),
        Detector(
            "dfine",
            "RT-DETR and D-FINE as their authors export them: labels, boxes in pixels, scores",
            "three outputs: labels (N, queries), boxes (N, queries, 4), scores (N, queries)",
            recognizes_ranked,
            decode_ranked,
            has_overlaps=False,
            resize="stretch",
        ),
    ]


def recognizes_queries(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether there are boxes and scores of queries, in two outputs or in one."""
    if any(len(output.shape) != 3 for output in outputs):
        return False
    if len(outputs) == 1:
        queries, values = outputs[0].shape[1:]
        if queries is None or values is None or not 4 < values < queries <= MAX_QUERIES:
            return False
        # six values are those of an end-to-end YOLO, unless it is known that there are two
        return values != 6 if categories is None else values == 4 + categories
    if len(outputs) != 2:
        return False
    sizes = {output.shape[2] for output in outputs}
    if 4 not in sizes:
        return False
    return categories is None or sizes in ({4, categories}, {4, None})


def recognizes_ranked(outputs: Sequence[OutputShape], categories: int | None) -> bool:
    """Return whether the outputs are called labels, boxes and scores."""
    ranks = {output.name: len(output.shape) for output in outputs}
    return ranks == {"labels": 2, "boxes": 3, "scores": 2}


def decode_queries(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode centre x, centre y, width, height (0–1), and a score per category."""
    boxes, scores = _split_queries(outputs)
    height, width = size
    return [
        best_categories(own_boxes, own_scores, min_score, (width, height))
        for own_boxes, own_scores in zip(boxes, scores, strict=True)
    ]


def decode_ranked(
    outputs: Mapping[str, Floats], size: tuple[int, int], min_score: float
) -> list[RawBoxes]:
    """Decode labels, boxes (left, top, right, bottom in pixels of the input) and scores."""
    rows = zip(outputs["boxes"], outputs["scores"], outputs["labels"], strict=True)
    return [named_categories(*row, min_score) for row in rows]


def _split_queries(outputs: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Return the boxes (N, queries, 4), and the scores (N, queries, categories)."""
    if len(outputs) == 1:
        (both,) = outputs.values()
        return both[..., :4], both[..., 4:]
    (first_name, first), (second_name, second) = outputs.items()
    first_has_boxes = "box" in first_name.lower() or (
        "box" not in second_name.lower() and first.shape[2] == 4
    )
    name, boxes, scores = (
        (second_name, first, second) if first_has_boxes else (first_name, second, first)
    )
    return boxes, sigmoid(scores) if "logit" in name.lower() else np.asarray(scores, np.float32)
