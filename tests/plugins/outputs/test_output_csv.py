from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.plugin import OutputFormat
from ctc.plugin.manager import plugins


def write(predictions, path: Path) -> str:
    plugins().get(OutputFormat, "csv").write(iter(predictions), path)
    return path.read_bytes().decode()


def test_the_columns_and_quotes_are_those_of_the_seed(predictions, tmp_path: Path) -> None:
    text = write([replace(predictions[0], meta={})], tmp_path / "p.csv")
    assert text == (
        '"id","label","prediction_top","confidence_top","predictions_all"\n'
        '"1","species","cat","0.5350","{""cat"": 0.5350, ""dog"": 0.4650}"\n'
        '"1","standing","1","0.5399","{""0"": 0.4601, ""1"": 0.5399}"\n'
    )


def test_any_name_survives_and_predictions_all_is_json(predictions, tmp_path: Path) -> None:
    write(predictions, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    odd = rows[2]
    assert odd["id"] == '2,"x"\n'
    assert odd["prediction_top"] == "🦊, fox"
    assert json.loads(odd["predictions_all"]) == {'say "cat", or\nnot': 0.0, "🦊, fox": 1.0}


def test_meta_columns_follow_and_never_take_the_name_of_another(predictions, tmp_path: Path) -> None:
    lines = write(predictions[:1], tmp_path / "p.csv").splitlines()
    assert lines[0].endswith('"predictions_all","site","meta_id"')
    assert lines[1].endswith(',"N",""')


def test_without_predictions_there_is_a_header(tmp_path: Path) -> None:
    assert write([], tmp_path / "p.csv") == '"id","label","prediction_top","confidence_top","predictions_all"\n'


def test_events_with_other_meta_columns_are_not_mixed_up(predictions, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="meta columns"):
        write([predictions[0], replace(predictions[1], meta={"site": "x"})], tmp_path / "p.csv")
