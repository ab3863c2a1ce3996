"""The files of a learning curve, beside the model: `model.learning_curve.json` and `.csv`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from ctc.features.probe.learning_curve import CurvePoint, LearningCurve
from ctc.storage.atomic import atomic_write
from ctc.storage.json_file import write_object

FORMAT = "ctc-learning-curve"
FORMAT_VERSION = 1


def curve_path(model: Path, suffix: str) -> Path:
    """Return the path of a file of the curve, such as `model.learning_curve.csv`."""
    return model.with_name(f"{model.stem}.learning_curve{suffix}")


def write_curve_files(model: Path, curves: Sequence[LearningCurve]) -> tuple[Path, Path]:
    """Write the curves as JSON and as CSV, and return their paths; existing ones are replaced."""
    as_json, as_csv = curve_path(model, ".json"), curve_path(model, ".csv")
    write_object(
        as_json,
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "labels": {curve.label: asdict(curve) | {"advice": curve.advice} for curve in curves},
        },
    )
    names = [one.name for one in fields(CurvePoint)]
    with atomic_write(as_csv) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "split", *names])
        for curve in curves:
            for point in curve.points:
                values = asdict(point) | {"shots": "all" if point.shots is None else point.shots}
                writer.writerow([curve.label, curve.split, *(values[name] for name in names)])
    return as_json, as_csv
