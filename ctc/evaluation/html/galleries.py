"""Which photos are worth a look: the worst mistakes, the unsure ones, right ones for comparison,
and those behind each confusion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import EvaluationData, ProbabilityMatrix, is_known
from ctc.evaluation.html.gallery_items import Gallery, GalleryBuilder
from ctc.evaluation.metrics.intervals import Int64Array

PHOTOS_PER_GALLERY = 24
MAX_MARGIN = 0.4
"""The most by which two answers differ that count as about equally probable."""
PHOTOS_PER_CELL = 6

CellGalleries = Mapping[tuple[int, int], Gallery]
"""By the numbers of the class that is true and the class that was answered."""


def galleries_with_truth(data: EvaluationData, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Of the events whose truth is known; galleries that would be empty are left out."""
    events = np.flatnonzero(is_known(data.truth[label]))
    probabilities = data.events.probabilities[label][events]
    right = probabilities.argmax(axis=1) == data.truth[label][events]
    confidence = probabilities.max(axis=1)
    surest = np.argsort(-confidence, kind="stable")
    chosen = [
        (
            "worst",
            "Worst mistakes",
            "Wrong answers, the most confident first.",
            surest[~right[surest]],
        ),
        (
            "unsure",
            "Unsure ones",
            "Where a second answer was about as probable, the closest first.",
            _order_by_margin(probabilities),
        ),
        (
            "right",
            "Right ones, drawn at random",
            "For comparison.",
            _shuffle(np.flatnonzero(right)),
        ),
    ]
    return _build_galleries(data, label, prefix, events, chosen)


def galleries_without_truth(data: EvaluationData, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Where no truth is known: the unsure ones, and for each class the surest, most frequent class
    first."""
    probabilities = data.events.probabilities[label]
    top, events = probabilities.argmax(axis=1), np.arange(len(probabilities))
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")
    chosen = [
        (
            "unsure",
            "Unsure ones",
            "Where a second answer was about as probable, the closest first.",
            _order_by_margin(probabilities),
        )
    ]
    for number in np.argsort(-np.bincount(top), kind="stable").tolist():
        name = data.classes[label][number]
        chosen.append(
            (
                f"class-{number}",
                f"Called {name}",
                "The most confident first.",
                surest[top[surest] == number],
            )
        )
    return _build_galleries(data, label, prefix, events, chosen)


def cell_galleries(data: EvaluationData, label: str, prefix: str) -> CellGalleries:
    """For each combination of truth and answer that occurs, up to IN_CELL events, the most
    confident first."""
    truth, classes, album = data.truth[label], data.classes[label], GalleryBuilder(data, label)
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
            f"{classes[row]} called {classes[column]}"
            if row != column
            else f"{classes[row]}, recognised"
        )
        about = f"{end - start:,} in all; the most confident first."
        shown = album.build_items(events[order[start : min(end, start + PHOTOS_PER_CELL)]])
        galleries[row, column] = Gallery(f"{prefix}-cell-{row}-{column}", title, about, shown)
    return galleries


def _build_galleries(
    data: EvaluationData,
    label: str,
    prefix: str,
    events: Int64Array,
    chosen: list[tuple[str, str, str, Int64Array]],
) -> tuple[Gallery, ...]:
    album = GalleryBuilder(data, label)
    return tuple(
        Gallery(
            f"{prefix}-{name}", title, about, album.build_items(events[rows[:PHOTOS_PER_GALLERY]])
        )
        for name, title, about, rows in chosen
        if len(rows)
    )


def _order_by_margin(probabilities: ProbabilityMatrix) -> Int64Array:
    if probabilities.shape[1] < 2:
        return np.empty(0, np.int64)
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    margin = best[:, 1] - best[:, 0]
    order = np.argsort(margin, kind="stable")
    return order[margin[order] <= MAX_MARGIN]


def _shuffle(rows: NDArray[np.int64]) -> Int64Array:
    """The same ones for the same answers."""
    return np.random.default_rng(0).permutation(rows)
