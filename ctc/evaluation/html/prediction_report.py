"""report.html of predictions whose truth is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ctc.evaluation.answers.predictions import Scored
from ctc.evaluation.html.formatting import percent
from ctc.evaluation.html.galleries import plain_galleries
from ctc.evaluation.html.gallery_items import Gallery
from ctc.evaluation.html.options import REPORT, ReportConfig
from ctc.evaluation.html.page import write_page
from ctc.evaluation.html.thumbnails import PhotoSource, thumbnails
from ctc.evaluation.metrics.activity import (
    MOST_PLACES,
    ClassCount,
    Place,
    class_counts,
    frequent_classes,
    hours,
    places,
)

SURE = 0.9


@dataclass(frozen=True)
class PredictionPage:
    """One label's part of the page. `frequent`: the names of the classes that `places` count; `place_count`: of all places."""

    id: str
    label: str
    classes: tuple[ClassCount, ...]
    frequent: tuple[str, ...]
    places: tuple[Place, ...]
    place_count: int
    hours: Mapping[str, Markup]
    galleries: tuple[Gallery, ...]


def write_prediction_report(
    name: str, scored: Scored, folder: Path, photos: PhotoSource, failures: tuple[str, ...], config: ReportConfig
) -> Path:
    """Write report.html into `folder` and return its path. `name` of the predictions; `photos`: where thumbnails come from.

    Raises InputError for probabilities that are no numbers from 0 to 1.
    """
    scored.check()
    pages = [_page(scored, label, f"label-{number}") for number, label in enumerate(scored.classes)]
    wanted = [shown.photo for page in pages for gallery in page.galleries for shown in gallery.shown]
    made = thumbnails(wanted, photos, config.megabytes)
    values = {
        "title": f"What is in {name}?",
        "pages": pages,
        "summary": _summary(scored, pages, failures),
        "notes": _left_out(scored),
        "thumbnails": made,
        "untold": sum(photo not in made for photo in wanted),
        "failures": failures,
    }
    write_page(folder / REPORT, "predictions.html", values)
    return folder / REPORT


def _page(scored: Scored, label: str, prefix: str) -> PredictionPage:
    frequent = frequent_classes(scored, label)
    found = places(scored, label, frequent)
    names = tuple(scored.classes[label][number] for number in frequent.tolist())
    return PredictionPage(
        id=prefix,
        label=label,
        classes=class_counts(scored, label),
        frequent=names,
        places=found[:MOST_PLACES],
        place_count=len(found),
        hours=hours(scored, label, frequent),
        galleries=plain_galleries(scored, label, prefix),
    )


def _summary(scored: Scored, pages: list[PredictionPage], failures: tuple[str, ...]) -> list[str]:
    counted = f"{len(scored.ids):,} events" + (f" with {len(scored.photos):,} photos" if scored.photos else "")
    told = [f"{counted} were answered. Nobody has checked these answers: they are the model's."]
    if scored.locations:
        told.append(f"They come from {len(scored.locations):,} locations.")
    times = sorted(taken for taken in scored.taken if taken)
    if times:
        told.append(f"The first was taken on {times[0][:10]}, the last on {times[-1][:10]}.")
    for page in pages:
        most = ", ".join(f"“{one.name}” ({percent(one.share)})" for one in page.classes[:3] if one.events)
        sure = float((scored.events.probabilities[page.label].max(axis=1) >= SURE).mean())
        told.append(
            f"{page.label}: most often {most}; {percent(sure)} of the answers have a probability of at least {percent(SURE)}."
        )
    if failures:
        told.append(f"{len(failures):,} photos could not be used.")
    return told


def _left_out(scored: Scored) -> list[str]:
    notes = []
    if not scored.locations:
        notes.append("Counts by location are left out: no event tells where it was.")
    notes += [
        f"An event may have several classes of {label}: only the most probable one is counted."
        for label in scored.multi_label
    ]
    if not any(scored.taken):
        notes.append("Activity by hour is left out: no event tells when it was.")
    return notes
