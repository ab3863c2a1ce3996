"""Prediction files of two events, in every format, as `ctc predict` writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.predictions import BoxPrediction, EventPrediction, ImagePrediction
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins

CLASSES = {"species": ("fox", "wolf", "empty"), "behaviour": ("eating", "resting")}


def probabilities(*values: float) -> dict[str, np.ndarray]:
    return {
        "species": np.array(values[:3], np.float32),
        "behaviour": np.array(values[3:], np.float32),
    }


def photo(path: str, *values: float, taken: str, with_box: bool = False) -> ImagePrediction:
    own = probabilities(*values)
    detection = Detection(Box(0.25, 0.5, 0.125, 0.25, confidence=0.75), "animal", "animal")
    boxes = (BoxPrediction(detection, own),) if with_box else None
    return ImagePrediction(path, own, taken, boxes=boxes)


def event(name: str, *photos: ImagePrediction, place: str = "north") -> EventPrediction:
    mean = {
        label: np.mean([one.probabilities[label] for one in photos], axis=0).astype(np.float32)
        for label in CLASSES
    }
    return EventPrediction(
        name,
        CLASSES,
        mean,
        photos,
        {"location": place, "altitude": 300},
        multi_label=("behaviour",),
        columns={"species": {"prediction_set": ("fox", "wolf"), "dropped": False}},
    )


def two_events() -> list[EventPrediction]:
    return [
        event(
            "first",
            photo("a/1.jpg", 0.75, 0.25, 0, 0.9, 0.6, taken="2025-06-01T12:00:05"),
            photo("a/2.jpg", 0.25, 0.25, 0.5, 0.7, 0.8, taken="2025-06-01T12:00:00"),
        ),
        event(
            "second",
            photo("b/1.jpg", 0, 0.25, 0.75, 0.1, 0.2, taken="2025-06-02T00:00:00"),
            place="south",
        ),
    ]


def two_events_with_boxes() -> list[EventPrediction]:
    return [
        event(
            "first",
            photo("a/1.jpg", 0.75, 0.25, 0, 0.9, 0.6, taken="2025-06-01T12:00:00", with_box=True),
        ),
        event(
            "second",
            photo("b/1.jpg", 0, 0.25, 0.75, 0.1, 0.2, taken="2025-06-01T12:00:00", with_box=True),
        ),
    ]


def write_predictions(
    folder: Path, suffix: str, events: list[EventPrediction] | None = None, **options: object
) -> Path:
    """Write `two_events`, or others, in the format of a suffix, and return the path."""
    name = "megadetector" if suffix == ".megadetector.json" else suffix[1:]
    output_format = plugins().get(OutputFormat, name)
    values = {one.key: one.default for one in output_format.options} | options
    created = datetime(2026, 3, 1, tzinfo=UTC)
    context = OutputContext("model.onnx", CLASSES, created, Path.cwd(), values)
    path = folder / f"predictions{suffix}"
    output_format.write(iter(events or two_events()), path, context)
    return path
