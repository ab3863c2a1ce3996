"""The page of a learning curve, beside a model of `ctc probe`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from ctc.evaluation.html.charts import Axis, Band, Line, line_chart
from ctc.evaluation.html.page import write_page
from ctc.features.probe.learning_curve import LearningCurve
from ctc.reporting import counted


def write_learning_curve_page(path: Path, model: Path, curves: Sequence[LearningCurve]) -> None:
    """Write the curves of all labels to `path`; `model`: the file that they belong to."""
    write_page(
        path,
        "learning_curve.html",
        {
            "title": f"Learning curve of {model.name}",
            "curves": [(curve, _chart(curve), _over(curve)) for curve in curves],
        },
    )


def _over(curve: LearningCurve) -> str:
    places = f" of {counted(curve.places, 'place')}" if curve.places else ""
    return counted(curve.events, "event") + places


def _chart(curve: LearningCurve) -> Markup:
    """Draw accuracy (y) against the number of photos (x)."""
    points = [(point.photos, point.accuracy) for point in curve.points]
    last = curve.points[-1]
    floor = math.floor(10 * min(point.low for point in curve.points)) / 10
    summary = (
        f"Accuracy is {curve.points[0].accuracy:.0%} with {curve.points[0].photos:,.0f} photos and"
        f" {last.accuracy:.0%} with {last.photos:,.0f}"
    )
    band = Band(
        "95 % interval",
        [(point.photos, point.low) for point in curve.points],
        [(point.photos, point.high) for point in curve.points],
    )
    return line_chart(
        summary,
        Axis("labelled photos", 0, max(1.0, last.photos), is_integer=True),
        Axis("accuracy", min(floor, 0.9), 1, True),
        [Line("events that are right", points, [0.2] * len(points))],
        band=band,
    )
