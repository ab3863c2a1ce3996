"""Predictions as CSV, one row per event and label, in the columns of camera-trap-classifier 2.x, then the meta columns.

"id","label","prediction_top","confidence_top","predictions_all"
"1","species","cat","0.5350","{""cat"": 0.5350, ""dog"": 0.4650}"
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction
from ctc.plugin import OutputFormat, hookimpl

COLUMNS = ("id", "label", "prediction_top", "confidence_top", "predictions_all")


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    return [OutputFormat("csv", "a table with one row per event and label", (".csv",), write)]


def write(predictions: Iterable[EventPrediction], path: Path) -> None:
    """The first event names the meta columns; raises ValueError when a later event has others."""
    events = iter(predictions)
    first = next(events, None)
    meta = tuple(first.meta) if first else ()
    # backslashreplace: file names may hold bytes that are not UTF-8
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        table.writerow(header(meta))
        for event in chain([first] if first else [], events):
            if tuple(event.meta) != meta:
                raise ValueError(f"event '{event.id}' has the meta columns {tuple(event.meta)}, the first one {meta}")
            table.writerows(rows(event))


def header(meta: Iterable[str]) -> list[str]:
    """The columns; a meta column that is called like one of ours gets `meta_` before its name."""
    names = list(COLUMNS)
    for name in meta:
        while name in names:
            name = f"meta_{name}"
        names.append(name)
    return names


def rows(event: EventPrediction) -> Iterator[list[str]]:
    """One row per label."""
    meta = ["" if value is None else str(value) for value in event.meta.values()]
    for label, classes in event.classes.items():
        top, confidence = event.top(label)
        pairs = zip(classes, event.probabilities[label], strict=True)
        every = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {value:.4f}" for name, value in pairs)
        yield [event.id, label, top, f"{confidence:.4f}", f"{{{every}}}", *meta]
