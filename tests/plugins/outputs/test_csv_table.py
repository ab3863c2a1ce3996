from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SEED = '"id","label","prediction_top","confidence_top","predictions_all"'
FACTS = '"datetime","camera","latitude","longitude"'


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_and_quotes_are_those_of_version_2(write, predictions) -> None:
    text = write("csv", [replace(predictions[0], meta={})]).read_bytes().decode()
    assert text == (
        f"{SEED},{FACTS}\n"
        '"1","species","cat","0.5350","{""cat"": 0.535, ""dog"": 0.465}","","","",""\n'
        '"1","standing","1","0.5399","{""0"": 0.4601, ""1"": 0.5399}","","","",""\n'
    )


def test_names_are_escaped_and_predictions_all_is_json(write, predictions) -> None:
    odd = rows(write("csv", predictions))[2]
    assert odd["id"] == '2,"x"\n'
    assert odd["prediction_top"] == "🦊, fox"
    assert json.loads(odd["predictions_all"]) == {'say "cat", or\nnot': 4e-05, "🦊, fox": 0.99996}


def test_meta_columns_come_last_with_unique_names(write, predictions) -> None:
    lines = write("csv", predictions[:1]).read_text().splitlines()
    assert lines[0].endswith(f'{FACTS},"site","meta_id"')
    assert lines[1].endswith(',"","","","","N",""')


def test_write_without_predictions_gives_header(write, failure) -> None:
    assert write("csv", [failure]).read_text() == f"{SEED},{FACTS}\n"


def test_write_rejects_events_with_other_meta_columns(write, predictions) -> None:
    with pytest.raises(ValueError, match="meta columns"):
        write("csv", [predictions[0], replace(predictions[1], meta={"site": "x"})])


def test_photo_fields_are_of_first_photo_that_has_them(write, dated) -> None:
    row = rows(write("csv", [dated]))[0]
    assert (row["datetime"], row["camera"]) == ("2016-09-25T18:35:10", "RECONYX HC500")
    assert (row["latitude"], row["longitude"]) == ("-2.5", "34.75")


def test_photo_fields_prefer_table_of_events(write, dated) -> None:
    row = rows(write("csv", [replace(dated, meta={"camera": "K7", "datetime": "", "site": "N"})]))[
        0
    ]
    assert (row["camera"], row["datetime"], row["site"]) == ("K7", "2016-09-25T18:35:10", "N")
    assert list(row)[5:] == ["datetime", "camera", "latitude", "longitude", "site"]


def test_photo_fields_take_text_such_as_na_as_missing(write, dated) -> None:
    row = rows(write("csv", [replace(dated, meta={"camera": "NA", "datetime": "NULL", "x": "NA"})]))
    assert (row[0]["camera"], row[0]["datetime"]) == ("RECONYX HC500", "2016-09-25T18:35:10")
    assert row[0]["x"] == "NA"


def test_per_photo_writes_row_per_photo_and_label(write, dated) -> None:
    table = rows(write("csv", [replace(dated, meta={"camera": "K7"})], per_photo=True))
    assert [
        (row["id"], row["path"], row["label"], row["prediction_top"], row["confidence_top"])
        for row in table
    ] == [
        ("1", "a.jpg", "species", "cat", "0.6000"),
        ("1", "a.jpg", "standing", "0", "0.5000"),
        ("1", "b.jpg", "species", "dog", "0.5300"),
        ("1", "b.jpg", "standing", "1", "0.5800"),
    ]
    assert [row["camera"] for row in table] == ["K7", "K7", "RECONYX HC500", "RECONYX HC500"]


def test_max_classes_keeps_most_likely_classes_best_first(write, predictions) -> None:
    full, short = rows(write("csv", predictions)), rows(write("csv", predictions, max_classes=1))
    assert [json.loads(row["predictions_all"]) for row in short] == [
        {"cat": 0.535},
        {"1": 0.5399},
        {"🦊, fox": 0.99996},
        {"0": 1.0},
    ]
    without = [{**row, "predictions_all": ""} for row in full]
    assert [{**row, "predictions_all": ""} for row in short] == without
    assert rows(write("csv", predictions, max_classes=2)) == full


def test_excel_option_writes_byte_order_mark(write, predictions) -> None:
    plain = write("csv", predictions[:1]).read_bytes()
    shown = write("csv", predictions[:1], excel=True).read_bytes()
    assert shown == b"\xef\xbb\xbf" + plain


def test_excel_option_escapes_formulas_but_not_numbers(write, predictions) -> None:
    meta = {
        "=cmd": "=1+1",
        "a": "@SUM(A1)",
        "b": "\tx",
        "c": "-12.5",
        "d": "+4e3",
        "e": -3,
        "f": "-",
        "g": "x=1",
    }
    event = replace(
        predictions[0], id="+evil", classes={"species": ("=HYPERLINK()", "-1")}, meta=meta
    )
    plain, shown = rows(write("csv", [event]))[0], rows(write("csv", [event], excel=True))[0]
    assert list(plain.values())[9:] == [
        "=1+1",
        "@SUM(A1)",
        "\tx",
        "-12.5",
        "+4e3",
        "-3",
        "-",
        "x=1",
    ]
    assert list(shown.values())[9:] == [
        "'=1+1",
        "'@SUM(A1)",
        "'\tx",
        "-12.5",
        "+4e3",
        "-3",
        "'-",
        "x=1",
    ]
    assert (shown["id"], shown["prediction_top"]) == ("'+evil", "'=HYPERLINK()")
    assert "'=cmd" in shown
    assert "=cmd" in plain


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))),
    per_photo=st.booleans(),
)
def test_write_gives_row_per_entry(write, predictions, ids, per_photo) -> None:
    entries = [replace(predictions[0], id=one, meta={"text": one}) for one in ids]
    table = rows(write("csv", entries, per_photo=per_photo))
    copies = 4 if per_photo else 2
    assert [(row["id"], row["text"]) for row in table] == [
        (one, one) for one in ids for _ in range(copies)
    ]


def test_small_probabilities_keep_their_order(write, predictions) -> None:
    small = np.array([1e-5, 1.00001e-5], np.float32)
    event = replace(
        predictions[0], probabilities={**predictions[0].probabilities, "species": small}
    )
    first, second = json.loads(rows(write("csv", [event]))[0]["predictions_all"]).values()
    assert first < second
    document = json.loads(write("json", [event]).read_text())["1"]["aggregated_pred"]["species"]
    assert [*document.values()] == [first, second]
