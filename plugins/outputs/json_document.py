"""Predictions as one JSON object, an event on a line, with the answers for its photos; the keys of camera-trap-classifier 2.x.

    {"1": {"predictions_top": {"species": "cat"}, "confidences_top": {"species": 0.535},
           "aggregated_pred": {"species": {"cat": 0.535, "dog": 0.465}},
           "images": [{"path": "a.jpg", "predictions": {"species": {"cat": 0.535, "dog": 0.465}}}], "meta_data": {}}}

Probabilities are numbers, rounded to four decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.predictions import EventPrediction, Probabilities
from ctc.plugin import OutputFormat, hookimpl


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    return [OutputFormat("json", "one object with every event and its photos", (".json",), write)]


def write(predictions: Iterable[EventPrediction], path: Path) -> None:
    """Events are written as they come; their ids must differ."""
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write("{")
        for number, event in enumerate(predictions):
            entry = json.dumps(document(event), ensure_ascii=False, allow_nan=False)
            file.write(f"{',' if number else ''}\n{json.dumps(event.id, ensure_ascii=False)}: {entry}")
        file.write("\n}\n")


def document(event: EventPrediction) -> dict[str, Any]:
    """What is written of one event."""
    tops = {label: event.top(label) for label in event.classes}
    return {
        "predictions_top": {label: name for label, (name, _) in tops.items()},
        "confidences_top": {label: round(value, 4) for label, (_, value) in tops.items()},
        "aggregated_pred": _named(event.classes, event.probabilities),
        "images": [
            {"path": image.path, "predictions": _named(event.classes, image.probabilities)} for image in event.images
        ],
        "meta_data": dict(event.meta),
    }


def _named(classes: Mapping[str, tuple[str, ...]], probabilities: Probabilities) -> dict[str, dict[str, float]]:
    return {
        label: {name: round(float(value), 4) for name, value in zip(names, probabilities[label], strict=True)}
        for label, names in classes.items()
    }
