"""report.html of predictions whose truth is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.html.formatting import format_percent
from ctc.evaluation.html.galleries import galleries_without_truth
from ctc.evaluation.html.gallery_items import Gallery
from ctc.evaluation.html.options import REPORT_FILE, ReportConfig
from ctc.evaluation.html.page import write_page
from ctc.evaluation.html.thumbnails import ThumbnailSource, make_thumbnails
from ctc.evaluation.metrics.activity import (
    MAX_LOCATIONS,
    ClassCount,
    LocationActivity,
    activity_by_location,
    charts_by_hour,
    class_counts,
    frequent_classes,
)

HIGH_CONFIDENCE = 0.9


@dataclass(frozen=True)
class PredictionPage:
    """One label's part of the page. `frequent`: the names of the classes that `locations` count;
    `location_count`: of all places."""

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
) -> Path:
    """Write report.html into `folder` and return its path. `name` of the predictions;
    `photo_fetcher`: where thumbnails come from.

    Raises InputError for probabilities that are no numbers from 0 to 1.
    """
    data.check_probabilities()
    pages = [_page(data, label, f"label-{number}") for number, label in enumerate(data.classes)]
    wanted = [
        shown.photo for page in pages for gallery in page.galleries for shown in gallery.items
    ]
    made = make_thumbnails(wanted, thumbnail_source, config.megabytes)
    values = {
        "title": f"What is in {name}?",
        "pages": pages,
        "summary": _summary(data, pages, failures),
        "notes": _omission_notes(data),
        "thumbnails": made,
        "untold": sum(photo not in made for photo in wanted),
        "failures": failures,
    }
    write_page(folder / REPORT_FILE, "predictions.html", values)
    return folder / REPORT_FILE


def _page(data: EvaluationData, label: str, prefix: str) -> PredictionPage:
    frequent = frequent_classes(data, label)
    found = activity_by_location(data, label, frequent)
    names = tuple(data.classes[label][number] for number in frequent.tolist())
    return PredictionPage(
        id=prefix,
        label=label,
        classes=class_counts(data, label),
        frequent=names,
        locations=found[:MAX_LOCATIONS],
        location_count=len(found),
        hours=charts_by_hour(data, label, frequent),
        galleries=galleries_without_truth(data, label, prefix),
    )


def _summary(
    data: EvaluationData, pages: list[PredictionPage], failures: tuple[str, ...]
) -> list[str]:
    counted = f"{len(data.event_ids):,} events" + (
        f" with {len(data.photos):,} photos" if data.photos else ""
    )
    told = [f"{counted} were answered. Nobody has checked these answers: they are the model's."]
    if data.locations:
        told.append(f"They come from {len(data.locations):,} locations.")
    times = sorted(taken for taken in data.timestamps if taken)
    if times:
        told.append(f"The first was taken on {times[0][:10]}, the last on {times[-1][:10]}.")
    for page in pages:
        most = ", ".join(
            f"“{one.name}” ({format_percent(one.share)})" for one in page.classes[:3] if one.events
        )
        sure = float((data.events.probabilities[page.label].max(axis=1) >= HIGH_CONFIDENCE).mean())
        told.append(
            f"{page.label}: most often {most}; {format_percent(sure)} of the answers have a probability of at least {format_percent(HIGH_CONFIDENCE)}."
        )
    if failures:
        told.append(f"{len(failures):,} photos could not be used.")
    return told


def _omission_notes(data: EvaluationData) -> list[str]:
    notes = []
    if not data.locations:
        notes.append("Counts by location are left out: no event tells where it was.")
    notes += [
        f"An event may have several classes of {label}: only the most probable one is counted."
        for label in data.multi_label
    ]
    if not any(data.timestamps):
        notes.append("Activity by hour is left out: no event tells when it was.")
    return notes
