"""Timelapse's database: a small one with the tables that the reader needs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.testing import check_input_format
from ctc_plugins.formats.timelapse.database import open_database
from ctc_plugins.formats.timelapse.format import ctc_input_formats

SCRIPT = """
create table DataTable (Id INTEGER PRIMARY KEY, File TEXT, RelativePath TEXT, DateTime TEXT,
    DeleteFlag TEXT, Species TEXT, Count INTEGER);
create table TemplateTable (Id INTEGER PRIMARY KEY, Type TEXT, DataLabel TEXT);
insert into TemplateTable values (1, 'MultiChoice', 'Species'), (2, 'Counter', 'Count');
insert into DataTable values
    (1, 'b.JPG', 'S1\\100RECNX', '2021-04-05 18:05:03', 'false', 'fox,hare', 2),
    (2, 'a.JPG', 'S1\\100RECNX', '2021-04-05 18:05:01', 'false', NULL, 0),
    (3, 'c.JPG', '', '2021-04-05 18:05:01', 'true', 'owl', 1);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "set #1?" / "TimelapseData.ddb"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(SCRIPT)
    return path


def test_rows_are_ordered_by_folder_and_time(database: Path) -> None:
    table = open_database(database)
    files = [(number, cells[table.columns["File"]]) for number, cells in table.rows()]
    assert files == [(1, "c.JPG"), (2, "a.JPG"), (3, "b.JPG")]
    assert table.types == {"Species": "MultiChoice", "Count": "Counter"}


def test_database_passes_check_input_format(database: Path) -> None:
    check_input_format(*ctc_input_formats(), database)


def test_multiple_choices_are_several_observations(database: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    output = tmp_path / "i.parquet"
    assert run(["inventory", str(database), "--output", str(output)]) == 0
    assert pq.read_table(output).to_pylist() == [
        {
            "event_id": "S1/100RECNX/b.JPG",
            "images": ["S1/100RECNX/b.JPG"],
            "species": species,
            "count": "2",
            "location": "S1",
            "datetime": "2021-04-05T18:05:03",
        }
        for species in ("fox", "hare")
    ]
    assert [path.name for path in database.parent.iterdir()] == ["TimelapseData.ddb"]


def test_a_database_with_unsaved_changes_is_refused(database: Path) -> None:
    database.with_name("TimelapseData.ddb-journal").write_text("unfinished")
    with pytest.raises(UsageError, match="has unsaved changes in 'TimelapseData"):
        open_database(database)


def test_another_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.ddb"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("create table Photos (Id)")
    with pytest.raises(InputError, match="a database of Timelapse: no such table: DataTable"):
        open_database(path)
