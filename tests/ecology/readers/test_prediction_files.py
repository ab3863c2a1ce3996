"""Prediction files that are written in other ways than `ctc predict` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctc.ecology.readers.prediction_columns import PredictionColumns
from ctc.ecology.readers.prediction_files import read_columns
from ctc.ecology.readers.prediction_tables import read_usual_csv
from ctc.errors import CtcError

HEADER = "id,label,prediction_top,predictions_all,latitude,location"
NAMES = {"station": "location", "camera": "camera"}


def cell(**values: float) -> str:
    return '"' + json.dumps(values, ensure_ascii=False).replace('"', '""') + '"'


def rows(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


USUAL = rows(
    f"a,species,füchs,{cell(füchs=0.75, deer=0.25)},48.5,x",
    f"a,count,2,{cell(**{'1': 0.25, '2': 0.75})},48.5,x",
    f"b,species,deer,{cell(füchs=0.5, deer=0.5)},,y",
)


def told(found: PredictionColumns) -> tuple[list, list, list]:
    return found.column("id").to_pylist(), found.probabilities().tolist(), [*found.classes]


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "predictions.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (USUAL, "utf-8"),
        (USUAL, "utf-8-sig"),
        (USUAL, "utf-16"),
        (USUAL.replace(",", ";").replace("; ", ", "), "cp1252"),
        (USUAL.replace('"": ', '"":'), "utf-8"),
    ],
)
def test_read_columns_of_any_csv(tmp_path: Path, text: str, encoding: str) -> None:
    found = read_columns(write(tmp_path, text, encoding), "species", "location", "camera")
    latitude = found.column("latitude")
    assert latitude.to_pylist() == [48.5, None]
    assert found.counts == {"a": "2"}
    assert told(found)[:2] == (["a", "b"], [[0.75, 0.5], [0.25, 0.5]])


def test_read_usual_csv_takes_what_predict_writes(tmp_path: Path) -> None:
    found = read_usual_csv(write(tmp_path, USUAL), "", NAMES)
    assert found is not None
    assert told(found)[2] == ["füchs", "deer"]


@pytest.mark.parametrize(
    "line",
    [
        f"c,species,fox,{cell(fox=1)},,z",  # fewer classes
        "c,species,fox,{},,z",
        f"c,species,fox,{cell(fox=1, deer=0)},,z,more",
    ],
)
def test_read_usual_csv_leaves_others_to_the_reader_by_rows(tmp_path: Path, line: str) -> None:
    text = rows(f"a,species,fox,{cell(fox=0.75, deer=0.25)},48.5,x", line)
    assert read_usual_csv(write(tmp_path, text), "", NAMES) is None


def test_read_columns_of_the_most_likely_classes_alone(tmp_path: Path) -> None:
    text = rows(
        f"a,species,fox,{cell(fox=0.75, deer=0.25)},,x",
        f"b,species,boar,{cell(boar=0.875, fox=0.125)},,x",
    )
    found = read_columns(write(tmp_path, text), "", "location", "camera")
    assert told(found)[1:] == ([[0.75, 0.125], [0.25, 0], [0, 0.875]], ["fox", "deer", "boar"])


def test_read_columns_of_classes_that_come_later(tmp_path: Path) -> None:
    first = f"a,species,fox,{cell(fox=0.75, deer=0.25)},,x"
    text = rows(*[first] * 10_000, f"b,species,boar,{cell(boar=0.875, fox=0.125)},,x")
    found = read_columns(write(tmp_path, text), "", "location", "camera")
    assert found.probabilities()[:, -1].tolist() == [0.125, 0, 0.875]


def test_read_columns_says_which_line_is_wrong(tmp_path: Path) -> None:
    text = rows(f"a,species,fox,{cell(fox=0.75, deer=0.25)},,x", "b,species,fox,fox,,x")
    with pytest.raises(CtcError, match="line 3 has no JSON object"):
        read_columns(write(tmp_path, text), "", "location", "camera")


def test_read_columns_of_a_table_that_has_no_predictions(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("event_id,image1,species\ne1,a.jpg,fox\n", encoding="utf-8")
    with pytest.raises(
        CtcError, match=r"labels\.csv': it is not a prediction file, it has no column 'id'"
    ):
        read_columns(path, "", "location", "camera")
