"""Writer of the report.html of predictions without ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ctc.artifacts.review.claims import Proof
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.config import ReportConfig
from ctc.evaluation.html.curves import activity_charts
from ctc.evaluation.html.formatting import format_percent
from ctc.evaluation.html.galleries import galleries_without_truth
from ctc.evaluation.html.gallery_items import Gallery
from ctc.evaluation.html.page import REPORT_FILE, write_page
from ctc.evaluation.html.thumbnails import (
    BoxSource,
    ThumbnailSource,
    describe_missing,
    make_thumbnails,
    no_boxes,
)
from ctc.evaluation.metrics.activity import (
    ClassCount,
    LocationActivity,
    activity_by_hour,
    activity_by_location,
    class_counts,
    frequent_classes,
)
from ctc.reporting import counted

HIGH_CONFIDENCE = 0.9
MAX_LOCATIONS = 60
MAX_TOLD = 8
"""Classes of a label that the command names; the report has all of them."""


@dataclass(frozen=True)
class PredictionPage:
    """One label's part of the page.

    `frequent` are the names of the classes that `locations` count, `location_count` is the number
    of all locations.
    """

    id: str
    label: str
    classes: tuple[ClassCount, ...]
    frequent: tuple[str, ...]
    locations: tuple[LocationActivity, ...]
    location_count: int
    hours: Mapping[str, Markup]
    galleries: tuple[Gallery, ...]


def write_prediction_report(
    name: str,
    data: EvaluationData,
    folder: Path,
    thumbnail_source: ThumbnailSource,
    failures: tuple[str, ...],
    config: ReportConfig,
    boxes: BoxSource = no_boxes,
    proof: Proof | None = None,
) -> tuple[Path, list[str]]:
    """Write report.html into `folder`, and return its path and lines with the counts in it.

    `name` is that of the predictions; `boxes` are drawn into the photos. `proof`: what
    the audit of a review of them shows.

    Raises InputError for probabilities that are not numbers from 0 to 1.
    """
    data.check_probabilities()
    pages = [_page(data, label, f"label-{number}") for number, label in enumerate(data.classes)]
    photos = [item.photo for page in pages for gallery in page.galleries for item in gallery.items]
    thumbnails = make_thumbnails(photos, thumbnail_source, config.megabytes, boxes)
    values = {
        "title": f"Predictions in {name}",
        "pages": pages,
        "summary": _summary(data, pages, failures, proof),
        "proof": proof,
        "notes": _omission_notes(data),
        "thumbnails": thumbnails,
        "missing_photos": describe_missing(thumbnails),
        "failures": failures,
    }
    write_page(folder / REPORT_FILE, "predictions.html", values)
    return folder / REPORT_FILE, _count_lines(data, pages, failures)


def _page(data: EvaluationData, label: str, prefix: str) -> PredictionPage:
    frequent = frequent_classes(data, label)
    locations = activity_by_location(data, label, frequent)
    names = tuple(data.classes[label][number] for number in frequent.tolist())
    return PredictionPage(
        id=prefix,
        label=label,
        classes=class_counts(data, label),
        frequent=names,
        locations=locations[:MAX_LOCATIONS],
        location_count=len(locations),
        hours=activity_charts(activity_by_hour(data, label, frequent)),
        galleries=galleries_without_truth(data, label, prefix),
    )


def _summary(
    data: EvaluationData,
    pages: list[PredictionPage],
    failures: tuple[str, ...],
    proof: Proof | None,
) -> list[str]:
    photos = f" with {counted(len(data.photos), 'photo')}" if data.photos else ""
    events = counted(len(data.event_ids), "event")
    reviewed = ", which nobody has reviewed" if proof is None else ""
    lines = [f"Predictions of {events}{photos}{reviewed}."]
    if proof is not None and proof.claims:
        lines.append(f"A random audit by people has shown {proof.count_shown()}.")
    if data.locations:
        lines.append(f"They come from {counted(len(data.locations), 'location')}.")
    times = sorted(timestamp for timestamp in data.timestamps if timestamp)
    if times:
        lines.append(f"The first is from {times[0][:10]}, the last from {times[-1][:10]}.")
    lines += [_label_summary(data, page) for page in pages]
    if failures:
        lines.append(f"{counted(len(failures), 'photo')} could not be used.")
    return lines


def _count_lines(
    data: EvaluationData, pages: list[PredictionPage], failures: tuple[str, ...]
) -> list[str]:
    """Return what the report counts: events, then for each label its most frequent classes."""
    counts = [counted(len(data.event_ids), "event")]
    if data.photos:
        counts.append(counted(len(data.photos), "photo"))
    if data.locations:
        counts.append(counted(len(data.locations), "location"))
    if failures:
        counts.append(f"{counted(len(failures), 'photo')} that could not be used")
    lines = [", ".join(counts)]
    for page in pages:
        shown = [f"{one.name} ({one.events:,})" for one in page.classes if one.events]
        more = f", and {len(shown) - MAX_TOLD} more" if len(shown) > MAX_TOLD else ""
        lines.append(f"{page.label}: {', '.join(shown[:MAX_TOLD])}{more}")
    return lines


def _label_summary(data: EvaluationData, page: PredictionPage) -> str:
    most = ", ".join(
        f"“{one.name}” ({format_percent(one.share)})" for one in page.classes[:3] if one.events
    )
    confidence = data.events.probabilities[page.label].max(axis=1)
    confident = format_percent(float((confidence >= HIGH_CONFIDENCE).mean()))
    return (
        f"{page.label}: most frequent are {most}; {confident} of the predictions have a probability"
        f" of at least {format_percent(HIGH_CONFIDENCE)}."
    )


def _omission_notes(data: EvaluationData) -> list[str]:
    notes = []
    if not data.locations:
        notes.append("Counts by location are left out: the location of every event is unknown.")
    notes += [
        f"An event may have several classes of {label}: only the most probable one is counted."
        for label in data.multi_label
    ]
    if not any(data.timestamps):
        notes.append("Activity by hour is left out: the time of every event is unknown.")
    return notes
