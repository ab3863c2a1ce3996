"""A small survey: two stations, six events of foxes, deer and nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

CLASSES = ("empty", "fox", "deer")
COLUMNS = (
    *("id", "label", "prediction_top", "confidence_top", "predictions_all", "datetime", "camera"),
    *("latitude", "longitude", "location"),
)
EVENTS = (
    ("e1", (0.0, 1.0, 0.0), "2024-04-02T06:00:00", "north"),
    ("e2", (0.0, 1.0, 0.0), "2024-04-02T06:20:00", "north"),
    ("e3", (0.0, 1.0, 0.0), "2024-04-02T06:40:00", "north"),
    ("e4", (0.0, 0.0, 1.0), "2024-04-09T18:00:00", "north"),
    ("e5", (1.0, 0.0, 0.0), "2024-04-03T12:00:00", "south"),
    ("e6", (0.0, 1.0, 0.0), "2024-04-10T23:00:00", "south"),
)
DEPLOYMENTS = """\
Station,latitude,longitude,Setup_date,Retrieval_date,Problem1_from,Problem1_to
north,48.5,11.0,2024-04-01,2024-04-11,,
south,48.4,11.1,2024-04-01,2024-04-11,2024-04-05,2024-04-06
west,48.4,10.9,2024-04-01,2024-04-11,,
"""

Event = tuple[str, Sequence[float], str, str]


@pytest.fixture
def write_predictions(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes events as `ctc predict` does."""

    def write(events: Sequence[Event] = EVENTS, name: str = "predictions.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_ALL)
            rows.writerow(COLUMNS)
            for event, values, time, place in events:
                top = max(range(len(values)), key=values.__getitem__)
                cell = json.dumps(dict(zip(CLASSES, values, strict=True)))
                first = (event, "species", CLASSES[top], values[top], cell)
                rows.writerow((*first, time, "Reconyx", "", "", place))
        return path

    return write


@pytest.fixture
def deployments(tmp_path: Path) -> Path:
    """Three stations for ten nights each; one was broken for two days, one saw nothing."""
    path = tmp_path / "deployments.csv"
    path.write_text(DEPLOYMENTS, encoding="utf-8")
    return path
