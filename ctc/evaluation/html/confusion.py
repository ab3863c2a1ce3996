"""Confusion matrix as a table whose cells link to photos."""

from __future__ import annotations

from dataclasses import dataclass

from ctc.evaluation.html.galleries import CellGalleries
from ctc.evaluation.metrics.evaluation import UnitScores

MAX_CLASSES = 40


@dataclass(frozen=True)
class ConfusionCell:
    """A cell; `share` is that of its row, `strength` (0–4) its shade.

    `anchor` is that of its photos, None if they are not on the page.
    """

    count: int
    share: float
    strength: int
    right: bool
    anchor: str | None


@dataclass(frozen=True)
class ConfusionRow:
    """The predictions for the `total` events of one true class."""

    name: str
    total: int
    cells: tuple[ConfusionCell, ...]


@dataclass(frozen=True)
class ConfusionMatrix:
    """The most frequent true or predicted classes, in the model's order.

    `hidden` counts the other classes that occur, `outside` the predictions that are therefore not
    in the table.
    """

    names: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]
    hidden: int
    outside: int


def build_confusion_matrix(scores: UnitScores, galleries: CellGalleries) -> ConfusionMatrix:
    """Build the matrix of at most MAX_CLASSES classes; cells with `galleries` are linked."""
    seen = [(one.support + one.predicted, number) for number, one in enumerate(scores.classes)]
    occurring = sorted((pair for pair in seen if pair[0]), key=lambda pair: (-pair[0], pair[1]))
    chosen = sorted(number for _, number in occurring[:MAX_CLASSES])
    rows = tuple(_row(scores, number, chosen, galleries) for number in chosen)
    inside = sum(cell.count for row in rows for cell in row.cells)
    names = tuple(scores.classes[number].name for number in chosen)
    return ConfusionMatrix(names, rows, len(occurring) - len(chosen), scores.n - inside)


def _row(
    scores: UnitScores, number: int, chosen: list[int], galleries: CellGalleries
) -> ConfusionRow:
    one, counts = scores.classes[number], scores.confusion[number]
    return ConfusionRow(
        one.name,
        one.support,
        tuple(_cell(counts[to], one.support, number, to, galleries) for to in chosen),
    )


def _cell(count: int, total: int, row: int, column: int, galleries: CellGalleries) -> ConfusionCell:
    share = count / total if total else 0.0
    strength = sum(share > limit for limit in (0.0, 0.1, 0.3, 0.6))
    gallery = galleries.get((row, column))
    return ConfusionCell(count, share, strength, row == column, gallery.id if gallery else None)
