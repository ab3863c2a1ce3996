from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def test_schema_is_that_of_csv_with_types(write, predictions) -> None:
    schema = pq.read_schema(write("parquet", predictions))
    number, text = pa.float64(), pa.string()
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        "id": text,
        "label": text,
        "prediction_top": text,
        "confidence_top": pa.float32(),
        "predictions_all": pa.map_(text, pa.float32()),
        "datetime": text,
        "camera": text,
        "latitude": number,
        "longitude": number,
        "site": text,
        "meta_id": text,
    }


def test_values_are_not_rounded(write, dated, predictions) -> None:
    rows = pq.read_table(write("parquet", [dated, predictions[1]])).to_pylist()
    assert rows[0]["predictions_all"] == [
        ("cat", pytest.approx(0.535)),
        ("dog", pytest.approx(0.465)),
    ]
    assert (rows[0]["datetime"], rows[0]["latitude"], rows[0]["longitude"]) == (
        "2016-09-25T18:35:10",
        -2.5,
        34.75,
    )
    assert (rows[2]["id"], rows[2]["prediction_top"], rows[2]["meta_id"]) == (
        '2,"x"\n',
        "🦊, fox",
        "7",
    )


def test_per_photo_escapes_names_that_are_not_utf8(write, predictions) -> None:
    rows = pq.read_table(write("parquet", predictions, per_photo=True)).to_pylist()
    assert [row["path"] for row in rows[::2]] == ["a.jpg", "b.jpg", "ü\\udce9.jpg"]


def test_latitude_that_is_not_a_number_is_null(write, predictions) -> None:
    events = [replace(predictions[0], id=one, meta={"latitude": one}) for one in ("-2.5", "2° S")]
    assert pq.read_table(write("parquet", events))["latitude"].to_pylist() == [
        -2.5,
        -2.5,
        None,
        None,
    ]


def test_write_without_predictions_gives_no_rows(write, failure) -> None:
    table = pq.read_table(write("parquet", [failure]))
    assert (table.num_rows, table.num_columns) == (0, 9)


def test_row_groups_have_bounded_size(write, predictions) -> None:
    events = (replace(predictions[0], id=str(number)) for number in range(12_345))
    file = pq.ParquetFile(write("parquet", events))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [
        20_000,
        4_690,
    ]
    assert file.read(["id"])["id"].to_pylist() == [
        str(number) for number in range(12_345) for _ in range(2)
    ]


@pytest.mark.subprocess
def test_write_names_extra_without_pyarrow(tmp_path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from ctc_plugins.outputs.parquet_table import write\n"
        f"write(iter([]), {str(tmp_path / 'p.parquet')!r}, None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "writing Parquet needs packages that are not installed" in done.stderr
    assert "[data]" in done.stderr


def test_notes_are_in_file_metadata(write, predictions) -> None:
    path = write(
        "parquet", predictions, notes=("species: 2 of 3 classes", "answers below 0.8 are 'unknown'")
    )
    notes = pq.read_schema(path).metadata[b"notes"]
    assert notes == b"species: 2 of 3 classes\nanswers below 0.8 are 'unknown'"
