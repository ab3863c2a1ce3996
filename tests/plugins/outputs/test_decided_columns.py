"""The columns of decisions in tables and JSON."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import option_values


@pytest.fixture
def event() -> EventPrediction:
    probabilities = {"species": np.array([0.5, 0.5], np.float32)}
    photo = ImagePrediction("a.jpg", probabilities)
    found = EventPrediction("1", {"species": ("lion", "leopard")}, probabilities, (photo,))
    columns = {"dropped": False, "rank": "genus", "prediction_set": ("lion", "leopard")}
    return found.with_columns("species", columns, ("panthera", 1.0))


def write(event: EventPrediction, path: Path, name: str) -> None:
    chosen = plugins().get(OutputFormat, name)
    options = option_values(chosen, {})
    context = OutputContext("m.onnx", event.classes, datetime(2026, 1, 1), path.parent, options, ())
    chosen.write(iter([event]), path, context)


def test_csv(event: EventPrediction, tmp_path: Path) -> None:
    write(event, tmp_path / "p.csv", "csv")
    with open(tmp_path / "p.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["prediction_top"], row["confidence_top"]) == ("panthera", "1.0000")
    assert (row["rank"], row["prediction_set"]) == ("genus", '["lion", "leopard"]')
    assert row["dropped"] == "false"


def test_parquet(event: EventPrediction, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(event, tmp_path / "p.parquet", "parquet")
    (row,) = parquet.read_table(tmp_path / "p.parquet").to_pylist()
    assert (row["prediction_top"], row["rank"]) == ("panthera", "genus")
    assert (row["prediction_set"], row["dropped"]) == (["lion", "leopard"], False)


def test_json(event: EventPrediction, tmp_path: Path) -> None:
    write(event, tmp_path / "p.json", "json")
    found = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))["1"]
    assert found["predictions_top"] == {"species": "panthera"}
    assert (found["rank"], found["dropped"]) == ({"species": "genus"}, {"species": False})
    assert found["prediction_set"] == {"species": ["lion", "leopard"]}
