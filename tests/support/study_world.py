"""Studies of three stations, as prediction files and as surveys in memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import settings

from ctc.ecology.survey import Answers, Deployments, Events, Survey

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
    ("e6", (0.0, 0.6, 0.4), "2024-04-10T23:00:00", "south"),
)
DEPLOYMENTS = """\
Station,latitude,longitude,Setup_date,Retrieval_date,Problem1_from,Problem1_to
north,48.5,11.0,2024-04-01,2024-04-11,,
south,48.4,11.1,2024-04-01,2024-04-11,2024-04-05,2024-04-06
west,48.4,10.9,2024-04-01,2024-04-11,,
"""
"""Ten nights each; one was broken for two days, one saw nothing."""
START = np.datetime64("2024-04-01T00:00:00")
STATIONS = ("a", "b", "c")

Event = tuple[str, Sequence[float], str, str]
"""Id, probabilities, time, station."""
Seen = tuple[int, int, int, int]
"""Station, seconds after START, class, individuals."""


def many(examples: int = 100) -> settings:
    """Return settings for this many examples, or for those of --hypothesis-profile=long."""
    return settings(max_examples=max(examples, settings().max_examples), deadline=None)


def write_predictions(path: Path, events: Sequence[Event] = EVENTS) -> Path:
    """Write events as `ctc predict` does."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(COLUMNS)
        for event, values, time, place in events:
            top = max(range(len(values)), key=values.__getitem__)
            cell = json.dumps(dict(zip(CLASSES, values, strict=True)))
            first = (event, "species", CLASSES[top], values[top], cell)
            rows.writerow((*first, time, "Reconyx", "", "", place))
    return path


def make_survey(
    seen: Sequence[Seen], values: np.ndarray | None = None, table: Deployments | None = None
) -> Survey:
    """Return events at STATIONS, which ran for 6 days, or as `table` says.

    `values`: probabilities (classes, events) float32.
    """
    station, seconds, species, count = (np.array(one, np.int64) for one in zip(*seen, strict=True))
    events = Events(
        pa.array([f"e{number}" for number in range(len(seen))], pa.large_string()),
        station,
        station,
        START + seconds.astype("timedelta64[s]"),
        STATIONS,
        STATIONS,
        np.arange(len(STATIONS)),
        None,
        CLASSES if values is not None else (),
        values,
    )
    answers = Answers(np.arange(len(seen)), species, count, CLASSES)
    return Survey(events, answers, table or make_deployments([(0, 6 * 86_400)] * 3))


def make_deployments(
    spans: Sequence[tuple[int, int]],
    stations: Sequence[str] = STATIONS,
    gaps: Sequence[tuple[int, int, int]] = (),
) -> Deployments:
    """Return deployments at `stations`.

    `spans`, `gaps` (deployment, from, to): seconds after START.
    """
    start, end = (START + np.array(one, "timedelta64[s]") for one in zip(*spans, strict=True))
    times = [(at, START + np.timedelta64(low, "s"), START + np.timedelta64(high, "s"))
             for at, low, high in gaps]  # fmt: skip
    nowhere = np.full(len(spans), np.nan)
    return Deployments(tuple(stations), tuple(stations), start, end, nowhere, nowhere, times)
