"""Which photos are worth a look: the worst mistakes, the unsure ones, right ones for comparison, and those behind each confusion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Probabilities, Scored, known
from ctc.evaluation.html.gallery_items import Album, Gallery
from ctc.evaluation.metrics.intervals import Ints

IN_GALLERY = 24
CLOSE = 0.4
"""The most by which two answers differ that count as about equally probable."""
IN_CELL = 6

Cells = Mapping[tuple[int, int], Gallery]
"""By the numbers of the class that is true and the class that was answered."""


def judged_galleries(scored: Scored, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Of the events whose truth is known; galleries that would be empty are left out."""
    events = np.flatnonzero(known(scored.truth[label]))
    probabilities = scored.events.probabilities[label][events]
    right = probabilities.argmax(axis=1) == scored.truth[label][events]
    confidence = probabilities.max(axis=1)
    surest = np.argsort(-confidence, kind="stable")
    chosen = [
        ("worst", "Worst mistakes", "Wrong answers, the most confident first.", surest[~right[surest]]),
        (
            "unsure",
            "Unsure ones",
            "Where a second answer was about as probable, the closest first.",
            _by_margin(probabilities),
        ),
        ("right", "Right ones, drawn at random", "For comparison.", _random(np.flatnonzero(right))),
    ]
    return _filled(scored, label, prefix, events, chosen)


def plain_galleries(scored: Scored, label: str, prefix: str) -> tuple[Gallery, ...]:
    """Where no truth is known: the unsure ones, and for each class the surest, most frequent class first."""
    probabilities = scored.events.probabilities[label]
    top, events = probabilities.argmax(axis=1), np.arange(len(probabilities))
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")
    chosen = [
        (
            "unsure",
            "Unsure ones",
            "Where a second answer was about as probable, the closest first.",
            _by_margin(probabilities),
        )
    ]
    for number in np.argsort(-np.bincount(top), kind="stable").tolist():
        name = scored.classes[label][number]
        chosen.append((f"class-{number}", f"Called {name}", "The most confident first.", surest[top[surest] == number]))
    return _filled(scored, label, prefix, events, chosen)


def cell_galleries(scored: Scored, label: str, prefix: str) -> Cells:
    """For each combination of truth and answer that occurs, up to IN_CELL events, the most confident first."""
    truth, classes, album = scored.truth[label], scored.classes[label], Album(scored, label)
    events = np.flatnonzero(known(truth))
    probabilities = scored.events.probabilities[label][events]
    cell = truth[events] * len(classes) + probabilities.argmax(axis=1)
    order = np.lexsort((-probabilities.max(axis=1), cell))
    found, first = np.unique(cell[order], return_index=True)
    galleries = {}
    for number, start, end in zip(found.tolist(), first.tolist(), [*first[1:].tolist(), len(order)], strict=True):
        row, column = divmod(number, len(classes))
        title = f"{classes[row]} called {classes[column]}" if row != column else f"{classes[row]}, recognised"
        about = f"{end - start:,} in all; the most confident first."
        shown = album.show_all(events[order[start : min(end, start + IN_CELL)]])
        galleries[row, column] = Gallery(f"{prefix}-cell-{row}-{column}", title, about, shown)
    return galleries


def _filled(
    scored: Scored, label: str, prefix: str, events: Ints, chosen: list[tuple[str, str, str, Ints]]
) -> tuple[Gallery, ...]:
    album = Album(scored, label)
    return tuple(
        Gallery(f"{prefix}-{name}", title, about, album.show_all(events[rows[:IN_GALLERY]]))
        for name, title, about, rows in chosen
        if len(rows)
    )


def _by_margin(probabilities: Probabilities) -> Ints:
    if probabilities.shape[1] < 2:
        return np.empty(0, np.int64)
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    margin = best[:, 1] - best[:, 0]
    order = np.argsort(margin, kind="stable")
    return order[margin[order] <= CLOSE]


def _random(rows: NDArray[np.int64]) -> Ints:
    """The same ones for the same answers."""
    return np.random.default_rng(0).permutation(rows)
