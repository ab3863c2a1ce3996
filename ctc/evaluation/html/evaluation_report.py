"""report.html of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from markupsafe import Markup

from ctc.artifacts.model_file import ModelInfo
from ctc.evaluation.answers.predictions import Scored
from ctc.evaluation.explain.explain import Explanations
from ctc.evaluation.html.confusion import Matrix, matrix
from ctc.evaluation.html.curves import History, automation_curve, reliability_diagram, training_curves
from ctc.evaluation.html.explanations import explained_photos, megabytes_of
from ctc.evaluation.html.galleries import cell_galleries, judged_galleries
from ctc.evaluation.html.gallery_items import Gallery, Photo
from ctc.evaluation.html.model_card import model_card
from ctc.evaluation.html.options import REPORT, ReportConfig
from ctc.evaluation.html.page import write_page
from ctc.evaluation.html.summary import label_summary, several_summary, what_was_evaluated
from ctc.evaluation.html.thumbnails import PhotoSource, thumbnails
from ctc.evaluation.metrics.evaluation import Evaluation, Group, LabelEvaluation, Locations, UnitScores

MOST_LOCATIONS = 40


@dataclass(frozen=True)
class Beside:
    """What is known beside the figures. `failures`: why photos or records could not be used; `history`: how the model was trained."""

    failures: tuple[str, ...] = ()
    model: ModelInfo | None = None
    history: History = ()
    explanations: Explanations | None = None
    config: ReportConfig = field(default_factory=ReportConfig)


@dataclass(frozen=True)
class LabelPage:
    """One label's part of the page; `id` begins its anchors; `thresholds` are the model's own, by class."""

    id: str
    label: str
    summary: tuple[str, ...]
    thresholds: Mapping[str, float | None]
    scores: UnitScores
    photo_scores: UnitScores | None
    automation: Markup
    reliability: Markup
    matrix: Matrix
    cells: tuple[Gallery, ...]
    locations: tuple[Group, ...]
    galleries: tuple[Gallery, ...]


def write_evaluation_report(
    evaluation: Evaluation, scored: Scored, folder: Path, photos: PhotoSource, beside: Beside
) -> Path:
    """Write report.html into `folder` and return its path. `scored`: the answers that were evaluated; `photos`: where thumbnails come
    from."""
    pages = [
        _label_page(scored, label, found, f"label-{number}", beside.model)
        for number, (label, found) in enumerate(evaluation.labels.items())
    ]
    wanted = list(chain.from_iterable(_by_importance(page) for page in pages))
    seen = explained_photos(beside.explanations, beside.config.megabytes)
    made = thumbnails(wanted, photos, beside.config.megabytes - megabytes_of(seen))
    values = {
        "title": f"How good is {evaluation.subject.get('model') or evaluation.subject.get('predictions') or 'the model'}?",
        "about": what_was_evaluated(evaluation),
        "pages": pages,
        "several": [
            (f"several-{number}", label, several_summary(label, found), found.units)
            for number, (label, found) in enumerate(evaluation.multi_label.items())
        ],
        "notes": evaluation.notes,
        "training": training_curves(beside.history, [*evaluation.labels, *evaluation.multi_label]),
        "explained": seen,
        "method": beside.explanations.method if beside.explanations else None,
        "thumbnails": made,
        "untold": sum(photo not in made for photo in wanted),
        "failures": beside.failures,
        "card": model_card(evaluation, beside.model, beside.config.licence),
    }
    write_page(folder / REPORT, "evaluation.html", values)
    return folder / REPORT


def _label_page(scored: Scored, label: str, found: LabelEvaluation, prefix: str, model: ModelInfo | None) -> LabelPage:
    scores = found.units["event"]
    cells = cell_galleries(scored, label, prefix)
    table = matrix(scores, cells)
    linked = {cell.anchor for row in table.rows for cell in row.cells}
    return LabelPage(
        id=prefix,
        label=label,
        summary=label_summary(label, found),
        thresholds=model.thresholds.get(label, {}) if model else {},
        scores=scores,
        photo_scores=found.units.get("photo"),
        automation=automation_curve(scores.automation),
        reliability=reliability_diagram(scores.reliability, scores.uncalibrated),
        matrix=table,
        cells=tuple(gallery for gallery in cells.values() if gallery.id in linked),
        locations=_worst_first(scores.locations),
        galleries=judged_galleries(scored, label, prefix),
    )


def _worst_first(locations: Locations | None) -> tuple[Group, ...]:
    found = locations.all if locations else ()
    return tuple(sorted(found, key=lambda group: (group.top_1.high, group.top_1.value))[:MOST_LOCATIONS])


def _by_importance(page: LabelPage) -> Iterator[Photo]:
    """The galleries, then the first photo of each cell of the matrix, the second of each, …"""
    yield from _photos(page.galleries)
    for rank in zip_longest(*(gallery.shown for gallery in page.cells)):
        yield from (shown.photo for shown in rank if shown)


def _photos(galleries: Sequence[Gallery]) -> Iterator[Photo]:
    return (shown.photo for gallery in galleries for shown in gallery.shown)
