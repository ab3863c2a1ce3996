"""Predictions with the boxes of a detector, in every format that has a place for them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.boxes import Box, CategoryType, Detection
from ctc.artifacts.predictions import BoxPrediction, EventPrediction, ImagePrediction
from ctc.errors import UsageError
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import option_values

CLASSES = {"species": ("fox", "wolf", "blank", "human")}


def values(*numbers: float) -> dict[str, np.ndarray]:
    return {"species": np.array(numbers, np.float32)}


def box(kind: CategoryType, x: float, confidence: float, *numbers: float) -> BoxPrediction:
    place = Box(x, 0.25, 0.2, 0.5, confidence=confidence)
    category = "person" if kind == "human" else kind
    return BoxPrediction(Detection(place, category, kind), values(*numbers))


BOXES = (box("animal", 0.1, 0.9, 0.75, 0.25, 0, 0), box("human", 0.5, 0.6, 0, 0, 0, 1))
EVENT = EventPrediction(
    "1",
    CLASSES,
    values(0.45, 0.15, 0, 0.4),
    (
        ImagePrediction("/photos/a.jpg", values(0.45, 0.15, 0, 0.4), boxes=BOXES),
        ImagePrediction("/photos/b.jpg", values(0, 0, 1, 0), boxes=()),
    ),
)
WHOLE = EventPrediction(
    "2",
    CLASSES,
    values(0.9, 0.1, 0, 0),
    (ImagePrediction("/photos/c.jpg", values(0.9, 0.1, 0, 0)),),
)


def write(
    name: str,
    path: Path,
    *events: EventPrediction,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    record = plugins().get(OutputFormat, name)
    context = OutputContext(
        "model.onnx",
        CLASSES,
        datetime(2026, 1, 2, tzinfo=UTC),
        Path("/photos"),
        option_values(record, options),
        settings={"detector": "md.onnx", **(settings or {})},
    )
    record.write(iter(events), path, context)
    return path


def test_megadetector_output_has_the_boxes_with_their_classes(tmp_path) -> None:
    written = json.loads(write("megadetector", tmp_path / "p.json", EVENT).read_text())
    assert written["info"]["detector"] == "md.onnx"
    first, second = written["images"]
    assert first["detections"] == [
        {
            "category": "1",
            "conf": 0.9,
            "bbox": [0.1, 0.25, 0.2, 0.5],
            "classifications": [["0", 0.75], ["1", 0.25]],
        },
        {"category": "2", "conf": 0.6, "bbox": [0.5, 0.25, 0.2, 0.5]},
    ]
    assert second["detections"] == []


def test_json_output_has_the_boxes_of_each_photo(tmp_path) -> None:
    written = json.loads(write("json", tmp_path / "p.json", EVENT, WHOLE).read_text())
    first, second = written["1"]["images"]
    assert [one["category"] for one in first["boxes"]] == ["animal", "person"]
    assert first["boxes"][0]["bbox"] == [0.1, 0.25, 0.2, 0.5]
    assert first["boxes"][0]["predictions"]["species"]["fox"] == 0.75
    assert second["boxes"] == []
    assert "boxes" not in written["2"]["images"][0]


def test_csv_output_has_a_row_per_box(tmp_path) -> None:
    path = write("csv", tmp_path / "p.csv", EVENT, per_box=True)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("path", "prediction_top", "confidence_top", "box_category", "box_confidence", "box_x")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("/photos/a.jpg", "fox", "0.7500", "animal", "0.90000", "0.10000"),
        ("/photos/a.jpg", "human", "1.0000", "person", "0.60000", "0.50000"),
        ("/photos/b.jpg", "blank", "1.0000", "", "", ""),
    ]


def test_parquet_output_has_a_row_per_box(tmp_path) -> None:
    table = pq.read_table(write("parquet", tmp_path / "p.parquet", EVENT, per_box=True))
    assert table["box_width"].to_pylist() == pytest.approx([0.2, 0.2, None])
    assert table["box_category"].to_pylist() == ["animal", "person", None]


def test_rows_per_box_need_a_detector(tmp_path) -> None:
    with pytest.raises(UsageError, match="--per-box needs boxes: predict with --detector"):
        write("csv", tmp_path / "p.csv", WHOLE, per_box=True)
    with pytest.raises(UsageError, match="--per-photo and --per-box exclude each other"):
        write("csv", tmp_path / "p.csv", EVENT, per_box=True, per_photo=True)


def test_camtrap_dp_output_has_an_observation_per_box(tmp_path) -> None:
    folder = write("camtrap-dp", tmp_path / "package", EVENT)
    with (folder / "observations.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["observationLevel"] == "media"]
    names = ("observationType", "scientificName", "bboxX", "bboxWidth")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("animal", "fox", "0.1", "0.2"),
        ("human", "", "0.5", "0.2"),
        ("blank", "", "", ""),
    ]
    assert len({row["observationID"] for row in rows}) == 3
    assert rows[0]["mediaID"] == rows[1]["mediaID"]


def test_megadetector_output_describes_classes_by_their_taxonomy(tmp_path) -> None:
    fox = {"class": "mammalia", "order": "carnivora", "family": "canidae", "genus": "vulpes"}
    settings = {"taxonomy": {"species": {"fox": {**fox, "species": "vulpes vulpes"}}}}
    path = write("megadetector", tmp_path / "p.json", EVENT, settings=settings)
    written = json.loads(path.read_text())["classification_category_descriptions"]
    assert written["0"] == ";mammalia;carnivora;canidae;vulpes;vulpes;fox"
    assert written["1"] == ";;;;;;wolf"
