"""Writer of an evaluation's report.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from markupsafe import Markup

from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.config import ReportConfig
from ctc.evaluation.explain.explain import Explanations
from ctc.evaluation.html.confusion import ConfusionMatrix, build_confusion_matrix
from ctc.evaluation.html.curves import coverage_curve, reliability_diagram, training_curves
from ctc.evaluation.html.explanations import explained_photos, total_megabytes
from ctc.evaluation.html.galleries import cell_galleries, galleries_with_truth
from ctc.evaluation.html.gallery_items import Gallery, PhotoRef
from ctc.evaluation.html.model_card import model_card
from ctc.evaluation.html.page import REPORT_FILE, write_page
from ctc.evaluation.html.summary import describe_subject, label_summary, multi_label_summary
from ctc.evaluation.html.thumbnails import (
    BoxSource,
    ThumbnailSource,
    describe_missing,
    make_thumbnails,
    no_boxes,
)
from ctc.evaluation.metrics.evaluation import (
    Evaluation,
    LabelEvaluation,
    LocationSlices,
    Slice,
    UnitScores,
)
from ctc.evaluation.training_history import History
from ctc.evaluation.training_overlap import overlap_notes

MAX_LOCATIONS = 40


@dataclass(frozen=True)
class ReportExtras:
    """What the report shows besides the metrics.

    `failures` says where photos or records could not be used, and why. `history` is that of the
    training run. `boxes` are drawn into the photos.
    """

    failures: tuple[str, ...] = ()
    model: ModelInfo | None = None
    history: History = ()
    explanations: Explanations | None = None
    config: ReportConfig = field(default_factory=ReportConfig)
    boxes: BoxSource = no_boxes


@dataclass(frozen=True)
class LabelPage:
    """One label's part of the page.

    `id` is the prefix of its anchors, `thresholds` are the model's own by class.
    """

    id: str
    label: str
    summary: tuple[str, ...]
    thresholds: Mapping[str, float | None]
    scores: UnitScores
    photo_scores: UnitScores | None
    automation: Markup
    reliability: Markup
    matrix: ConfusionMatrix
    cells: tuple[Gallery, ...]
    locations: tuple[Slice, ...]
    galleries: tuple[Gallery, ...]


def write_evaluation_report(
    evaluation: Evaluation,
    data: EvaluationData,
    folder: Path,
    thumbnail_source: ThumbnailSource,
    extras: ReportExtras,
) -> Path:
    """Write report.html into `folder` and return its path; `data` is what was evaluated."""
    pages = [
        _label_page(data, label, found, f"label-{number}", extras.model)
        for number, (label, found) in enumerate(evaluation.labels.items())
    ]
    photos = list(chain.from_iterable(_photos_by_importance(page) for page in pages))
    explained = explained_photos(extras.explanations, extras.config.megabytes)
    megabytes = extras.config.megabytes - total_megabytes(explained)
    thumbnails = make_thumbnails(photos, thumbnail_source, megabytes, extras.boxes)
    subject = evaluation.subject
    values = {
        "title": f"Evaluation of {subject.get('model') or subject.get('predictions') or 'a model'}",
        "about": describe_subject(evaluation),
        "warnings": overlap_notes(str(subject.get("trained")), str(subject.get("split"))),
        "pages": pages,
        "several": [
            (f"several-{number}", label, multi_label_summary(label, found), found.units)
            for number, (label, found) in enumerate(evaluation.multi_label.items())
        ],
        "notes": evaluation.notes,
        "training": training_curves(extras.history, [*evaluation.labels, *evaluation.multi_label]),
        "explained": explained,
        "method": extras.explanations.method if extras.explanations else None,
        "thumbnails": thumbnails,
        "missing_photos": describe_missing(thumbnails),
        "failures": extras.failures,
        "card": model_card(evaluation, extras.model, extras.config.licence),
    }
    write_page(folder / REPORT_FILE, "evaluation.html", values)
    return folder / REPORT_FILE


def _label_page(
    data: EvaluationData, label: str, found: LabelEvaluation, prefix: str, model: ModelInfo | None
) -> LabelPage:
    scores = found.units["event"]
    cells = cell_galleries(data, label, prefix)
    matrix = build_confusion_matrix(scores, cells)
    linked = {cell.anchor for row in matrix.rows for cell in row.cells}
    return LabelPage(
        id=prefix,
        label=label,
        summary=label_summary(label, found),
        thresholds=model.thresholds.get(label, {}) if model else {},
        scores=scores,
        photo_scores=found.units.get("photo"),
        automation=coverage_curve(scores.automation),
        reliability=reliability_diagram(scores.reliability, scores.uncalibrated),
        matrix=matrix,
        cells=tuple(gallery for gallery in cells.values() if gallery.id in linked),
        locations=_worst_locations(scores.locations),
        galleries=galleries_with_truth(data, label, prefix),
    )


def _worst_locations(locations: LocationSlices | None) -> tuple[Slice, ...]:
    """Return the worst locations; none if there is only one, which tells nothing."""
    found = locations.all if locations and len(locations.all) > 1 else ()
    return tuple(
        sorted(found, key=lambda group: (group.top_1.high, group.top_1.value))[:MAX_LOCATIONS]
    )


def _photos_by_importance(page: LabelPage) -> Iterator[PhotoRef]:
    """Yield the galleries, then the first photo of each matrix cell, the second of each, …"""
    yield from _photos(page.galleries)
    for rank in zip_longest(*(gallery.items for gallery in page.cells)):
        yield from (item.photo for item in rank if item)


def _photos(galleries: Sequence[Gallery]) -> Iterator[PhotoRef]:
    return (item.photo for gallery in galleries for item in gallery.items)
