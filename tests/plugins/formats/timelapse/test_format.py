"""Timelapse's CSV: its standard columns, fields of templates, and tables that were changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctc.errors import InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins
from ctc.testing import check_input_format

HEADER = "File,RelativePath,DateTime,DeleteFlag,"
FOX = "IMG_0001.JPG,Station1\\CAM01,2024-05-01 06:00:00,false,"
OPTIONS: dict[str, Any] = {
    "label": (),
    "counter": (),
    "label_separator": None,
    "missing": (),
    "event_id": None,
    "location": None,
    "with_deleted": False,
    "meta": (),
    "where": (),
}


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "ImageData.csv"
    path.write_text(text, encoding=encoding)
    return path


def read(source: Path, **options: Any) -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, "timelapse").read(source, {**OPTIONS, **options}))


def labels(source: Path, **options: Any) -> list[dict[str, str | None]]:
    found = read(source, **options)
    return [dict(one.labels) for one in found if isinstance(one, Observation)]


def test_timelapse_passes_check_input_format(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Species\n{FOX}fox\n")
    check_input_format(plugins().get(InputFormat, "timelapse"), source)


def test_read_standard_columns_with_species_and_count(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        f"{HEADER}Species,Count\n{FOX}fox,1\n"
        "IMG_0001.JPG,Station1\\CAM02\\100RECNX,2024-05-01 06:00:00,false,hare,0\n"
        "IMG_0002.JPG,Station1\\CAM02,2024-05-01 06:00:10,true,hare,1\n"
        "IMG_0003.AVI,,2024-05-01 06:00:20,false,,0\n",
    )
    time = "2024-05-01T06:00:00"
    assert read(source) == [
        Observation(
            "Station1/CAM01/IMG_0001.JPG",
            ("Station1/CAM01/IMG_0001.JPG",),
            {"species": "fox", "count": "1"},
            {"location": "Station1/CAM01", "datetime": time},
        ),
        Observation(
            "Station1/CAM02/100RECNX/IMG_0001.JPG",
            ("Station1/CAM02/100RECNX/IMG_0001.JPG",),
            {"species": "hare", "count": None},
            {"location": "Station1/CAM02", "datetime": time},
        ),
        LeftOut("ImageData.csv line 4", "marked for deletion: --with-deleted reads it"),
        LeftOut("ImageData.csv line 5", "no label"),
    ]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("DateTime", "2021-04-05T18:05:01"),
        ("DateTime", " 2021-04-05 18:05:01"),
        ("Date,Time", "05-Apr-2021,18:05:01"),
        ("Date,Time", " 5-Apr-2021, 18:05:01"),
    ],
)
def test_read_takes_every_way_in_which_timelapse_writes_times(
    tmp_path: Path, columns: str, cells: str
) -> None:
    source = table(
        tmp_path, f"RootFolder,File,RelativePath,{columns},Species\nSet,a.jpg,,{cells},fox\n"
    )
    (found,) = read(source)
    assert isinstance(found, Observation)
    assert found.meta == {"location": ".", "datetime": "2021-04-05T18:05:01"}


def test_times_of_another_program_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = table(tmp_path, f"{HEADER}Species\na.jpg,,4/5/2021 18:05,FALSE,fox\n", "utf-8-sig")
    with caplog.at_level("WARNING", "ctc"):
        (found,) = read(source)
        assert isinstance(found, Observation)
        assert found.meta["datetime"] is None
        read(source, meta=("DateTime",))
    (message,) = caplog.messages
    assert message == (
        "1 row without a time, since it is not written as Timelapse does (first: '4/5/2021 18:05'):"
        " was the table saved by another program? --time-from DateTime reads other ways"
    )


def test_duplicated_rows_are_observations_of_one_photo(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Species\n{FOX}fox\n{FOX}hare\n")
    found = read(source)
    assert [(one.event_id, one.labels["species"]) for one in found] == [  # type: ignore[union-attr]
        ("Station1/CAM01/IMG_0001.JPG", "fox"),
        ("Station1/CAM01/IMG_0001.JPG", "hare"),
    ]


def test_counters_and_flags_are_species(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        f"{HEADER}Fox,Hare,Empty,Night\n{FOX}2,1,false,true\n{FOX}0,0,true,false\n{FOX}0,,false,\n",
    )
    counters = ("Fox", "Hare", "Empty")
    assert labels(source, counter=counters) == [
        {"species": "Fox", "count": "2"},
        {"species": "Hare", "count": "1"},
        {"species": "Empty", "count": None},
    ]
    assert labels(source, counter=counters, label=("Night",)) == [
        {"species": "Fox", "count": "2", "Night": "true"},
        {"species": "Hare", "count": "1", "Night": "true"},
        {"species": "Empty", "count": None, "Night": "false"},
    ]


@pytest.mark.parametrize("cell", ["nan", "inf", "1e999"])
def test_counters_that_are_no_number_are_refused(cell: str, tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Fox\n{FOX}{cell}\n")
    with pytest.raises(InputError, match=f"'Fox' is neither a counter nor a flag.* has '{cell}'"):
        read(source, counter=("Fox",))


def test_counters_of_other_text_are_refused(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Fox,Note\n{FOX}-1,seen\n")
    with pytest.raises(InputError) as caught:
        read(source, counter=("Fox", "Note"))
    assert str(caught.value) == (
        "ImageData.csv line 2: 'Note' is neither a counter nor a flag, since it has 'seen': read "
        "it with --label"
    )
    assert read(source, counter=("Fox",)) == [LeftOut("ImageData.csv line 2", "no label")]


def test_counters_beside_a_label_of_that_name_are_refused(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Fox,Species\n{FOX}2,fox\n")
    with pytest.raises(UsageError, match="--counter gives the labels 'species' and 'count', and"):
        read(source, counter=("Fox",), label=("Species",))


def test_a_table_without_species_is_refused_with_its_fields(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Animal,Note\n{FOX}fox,\n{FOX}hare,\n")
    with pytest.raises(UsageError) as caught:
        read(source)
    assert str(caught.value) == (
        f"'{source}' has no field 'Species': name the fields to read with --label, or with "
        "--counter those that count one species each; its fields are 'Animal' (2 values)"
    )
    assert labels(source, label=("Animal",)) == [{"Animal": "fox"}, {"Animal": "hare"}]


def test_episodes_are_events(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [("a/1.jpg", "7:1|2"), ("a/2.jpg", "7:2|2"), ("b/1.jpg", "7:1|1"), ("b/2.jpg", "")]
    lines = [f"{p[2:]},{p[0]},2024-05-01 06:00:00,false,fox,{episode}" for p, episode in rows]
    source = table(tmp_path, "\n".join([f"{HEADER}Species,Episode", *lines]))
    with caplog.at_level("INFO", "ctc"):
        read(source)
    assert caplog.messages == [
        "the labels are those of 'Species'",
        "'Episode' has Timelapse's episodes: with --event-id 'Episode' they are events",
    ]
    found = read(source, event_id="Episode")
    assert [entry.event_id for entry in found] == [  # type: ignore[union-attr]
        "a#7",
        "a#7",
        "b#7",
        "b/2.jpg",
    ]


def test_rows_with_shifted_cells_are_left_out(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        f"Project,Station,{HEADER}Species\n,a,1.jpg,a,2024-05-01 06:00:00,false,fox\n"
        ",2.jpg,,2024-05-01 06:00:00,false,fox\n",
    )
    assert read(source)[1] == LeftOut(
        "ImageData.csv line 3", "its File is not the name of a photo or clip"
    )


def test_location_where_and_meta(tmp_path: Path) -> None:
    source = table(tmp_path, f"{HEADER}Species,Site,By\n{FOX}fox,north,Ana\n{FOX}hare,south,Ben\n")
    (found,) = read(source, location="Site", where=("By=Ana",), meta=("By",))
    assert isinstance(found, Observation)
    assert found.meta == {"By": "Ana", "location": "north", "datetime": "2024-05-01T06:00:00"}


def test_numbers_that_are_no_counts_are_missing_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = ("2", "3.0", "1e3", "nan", "1e400", "-2", "0.5", "1234567890", "10+")
    rows = "".join(f"{FOX}fox,{count}\n" for count in counts)
    with caplog.at_level("WARNING", "ctc"):
        found = [one["count"] for one in labels(table(tmp_path, f"{HEADER}Species,Count\n{rows}"))]
    assert found == ["2", "3", "1000", None, None, None, None, None, "10+"]
    text = "4 counts that are no number of individuals (first: '1e400'): read as missing"
    assert text in caplog.messages
