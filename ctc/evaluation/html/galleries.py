"""Selection of the photos that the report shows.

Confident mistakes, uncertain predictions, right ones for comparison, and the photos behind each
cell of the confusion matrix.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import EvaluationData, ProbabilityMatrix, is_known
from ctc.evaluation.html.bursts import one_per_burst
from ctc.evaluation.html.gallery_items import Gallery, GalleryBuilder
from ctc.evaluation.statistics.exact import Int64Array

PHOTOS_PER_GALLERY = 24
MAX_MARGIN = 0.4
"""Largest margin between the two most probable classes of an uncertain prediction."""
PHOTOS_PER_CELL = 6
ONE_OF_EACH_BURST = (
    "One of each burst: photos of one place within a minute, or with neighbouring file numbers."
)
UNCERTAIN = (
    "Uncertain predictions",
    f"A second class is almost as probable; smallest difference first. {ONE_OF_EACH_BURST}",
)
"""Title and description of their gallery."""
MOST_CONFIDENT = f"Most confident first. {ONE_OF_EACH_BURST}"
WORST = f"Wrong predictions, most confident first. {ONE_OF_EACH_BURST}"

CellGalleries = Mapping[tuple[int, int], Gallery]
"""Galleries by the numbers of the true and the predicted class."""


def galleries_with_truth(data: EvaluationData, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Build the galleries of events with a ground truth, without empty galleries."""
    events = np.flatnonzero(is_known(data.truth[label]))
    probabilities = data.events.probabilities[label][events]
    right = probabilities.argmax(axis=1) == data.truth[label][events]
    confidence = probabilities.max(axis=1)
    by_confidence = np.argsort(-confidence, kind="stable")
    wrong = by_confidence[~right[by_confidence]]
    random_right = _shuffle(np.flatnonzero(right))
    chosen = [
        ("worst", "Worst mistakes", WORST, wrong),
        ("unsure", *UNCERTAIN, _order_by_margin(probabilities)),
        ("right", "Right predictions", f"A random sample. {ONE_OF_EACH_BURST}", random_right),
    ]
    return _build_galleries(data, label, prefix, events, chosen)


def galleries_without_truth(data: EvaluationData, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Build the gallery of uncertain events, and one per class, most frequent class first."""
    probabilities = data.events.probabilities[label]
    top, events = probabilities.argmax(axis=1), np.arange(len(probabilities))
    by_confidence = np.argsort(-probabilities.max(axis=1), kind="stable")
    # several classes of a multi-label label may be equally probable because all are present
    unsure = [] if label in data.multi_label else [_order_by_margin(probabilities)]
    chosen = [("unsure", *UNCERTAIN, rows) for rows in unsure]
    for number in np.argsort(-np.bincount(top), kind="stable").tolist():
        title = f"Predicted as {data.classes[label][number]}"
        rows = by_confidence[top[by_confidence] == number]
        chosen.append((f"class-{number}", title, MOST_CONFIDENT, rows))
    return _build_galleries(data, label, prefix, events, chosen)


def cell_galleries(data: EvaluationData, label: str, prefix: str) -> CellGalleries:
    """Build a gallery for each cell of the confusion matrix, most confident events first.

    Each shows up to PHOTOS_PER_CELL events.
    """
    truth, classes, builder = data.truth[label], data.classes[label], GalleryBuilder(data, label)
    events = np.flatnonzero(is_known(truth))
    probabilities = data.events.probabilities[label][events]
    cell = truth[events] * len(classes) + probabilities.argmax(axis=1)
    order = np.lexsort((-probabilities.max(axis=1), cell))
    found, first = np.unique(cell[order], return_index=True)
    galleries = {}
    for number, start, end in zip(
        found.tolist(), first.tolist(), [*first[1:].tolist(), len(order)], strict=True
    ):
        row, column = divmod(number, len(classes))
        title = (
            f"{classes[row]} predicted as {classes[column]}"
            if row != column
            else f"{classes[row]}, predicted correctly"
        )
        about = f"{end - start:,} in total; most confident first."
        items = builder.build_items(events[order[start : min(end, start + PHOTOS_PER_CELL)]])
        galleries[row, column] = Gallery(f"{prefix}-cell-{row}-{column}", title, about, items)
    return galleries


def _build_galleries(
    data: EvaluationData,
    label: str,
    prefix: str,
    events: Int64Array,
    chosen: list[tuple[str, str, str, Int64Array]],
) -> tuple[Gallery, ...]:
    builder = GalleryBuilder(data, label)
    galleries = []
    for name, title, about, rows in chosen:
        shown = one_per_burst(data, label, events[rows])[:PHOTOS_PER_GALLERY]
        if len(shown):
            items = builder.build_items(shown)
            names_second = name == "unsure"
            galleries.append(Gallery(f"{prefix}-{name}", title, about, items, names_second))
    return tuple(galleries)


def _order_by_margin(probabilities: ProbabilityMatrix) -> Int64Array:
    if probabilities.shape[1] < 2:
        return np.empty(0, np.int64)
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    margin = best[:, 1] - best[:, 0]
    order = np.argsort(margin, kind="stable")
    return order[margin[order] <= MAX_MARGIN]


def _shuffle(rows: NDArray[np.int64]) -> Int64Array:
    """Shuffle reproducibly."""
    return np.random.default_rng(0).permutation(rows)
