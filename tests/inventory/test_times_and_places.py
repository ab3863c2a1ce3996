"""When and where photos were taken: from their EXIF, their folders, other columns."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.errors import UsageError
from ctc.inventory.config import InventoryConfig, no_progress
from ctc.inventory.exif_metadata import fill_from_photos, fill_location

TIMES = InventoryConfig(time_from_exif=True)
GUESSES = InventoryConfig(time_from_mtime=True)
PLACES = InventoryConfig(location_from="exif")


def photo(
    path: Path, taken: str = "", serial: str = "", position: Mapping[int, Any] | None = None
) -> str:
    """Write a photo; its name."""
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: taken, 0xA431: serial})
    exif.get_ifd(0x8825).update(position or {})
    Image.new("RGB", (8, 8)).save(path, "JPEG", exif=exif)
    return path.name


def inventory(root: Path, events: Sequence[Sequence[str]], **meta: list[Any]) -> Inventory:
    """One row per event, with its photos, unless `meta` names other ids."""
    ids = [str(i) for i in range(len(events))]
    table = pa.table({"event_id": ids, "images": events, "species": ["fox"] * len(events)} | meta)
    return Inventory(table, ("species",), root)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_the_time_is_that_of_the_first_photo_that_has_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dated = photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    later = photo(tmp_path / "later.jpg", "2027:01:01 00:00:00")
    blank = photo(tmp_path / "blank.jpg", "0000:00:00 00:00:00")
    made = fill_from_photos(
        inventory(tmp_path, [[blank, dated, later], [blank], [later]]), TIMES, no_progress
    )
    assert made.meta == ("datetime",)
    assert made.table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        None,
        "2027-01-01T00:00:00",
    ]
    assert warnings_of(caplog) == [
        "1 of 3 events have no photo with an EXIF date: 'datetime' stays empty"
    ]


def test_photos_that_can_not_be_read_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = fill_from_photos(
        inventory(tmp_path, [["gone.jpg"], ["gone too.jpg"]]), TIMES, no_progress
    )
    assert made.table["datetime"].to_pylist() == [None, None]
    assert (
        "2 photos can't be read for their EXIF (first: 'gone.jpg': no such file or directory)"
        in warnings_of(caplog)
    )


def test_what_the_source_says_is_kept(tmp_path: Path) -> None:
    dated = photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    made = fill_from_photos(
        inventory(tmp_path, [[dated], [dated]], datetime=["2001-01-01", None]), TIMES, no_progress
    )
    assert made.table["datetime"].to_pylist() == ["2001-01-01", "2026-02-03T04:05:06"]


def test_photos_are_not_read_where_nothing_is_lacking(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = inventory(tmp_path, [["gone.jpg"]], datetime=["2001-01-01"])
    assert fill_from_photos(known, TIMES, no_progress).table.equals(known.table)
    assert warnings_of(caplog) == []


def test_all_rows_of_an_event_have_its_time(tmp_path: Path) -> None:
    dated = photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    rows = inventory(tmp_path, [[dated], [dated], ["gone.jpg"]], event_id=["a", "a", "b"])
    made = fill_from_photos(rows, TIMES, no_progress)
    assert made.table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        "2026-02-03T04:05:06",
        None,
    ]


def test_a_file_time_counts_only_when_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dated = photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    blank = photo(tmp_path / "blank.jpg")
    os.utime(tmp_path / blank, (1_000_000_000.5, 1_000_000_000.5))
    photos = inventory(tmp_path, [[dated], [blank], ["gone.jpg"]])
    guess = datetime.fromtimestamp(1_000_000_000).isoformat()
    assert fill_from_photos(photos, TIMES, no_progress).table["datetime"].null_count == 2
    assert fill_from_photos(photos, GUESSES, no_progress).table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        guess,
        None,
    ]
    assert "1 times are guessed: they are those of the files" in warnings_of(caplog)


def test_the_place_is_the_position_else_the_camera(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nairobi = {1: "S", 2: (1.0, 17.0, 11.4), 3: "E", 4: (36.0, 49.0, 2.0)}
    near_null = {1: "S", 2: (0.0, 0.0, 0.01), 3: "E", 4: (1.0, 0.0, 0.0)}
    here = photo(tmp_path / "here.jpg", position=nairobi, serial="H500")
    equator = photo(tmp_path / "equator.jpg", position=near_null)
    camera = photo(tmp_path / "camera.jpg", serial="H500")
    blank = photo(tmp_path / "blank.jpg")
    events = [[here], [camera, here], [equator], [camera], [blank]]
    made = fill_from_photos(inventory(tmp_path, events), PLACES, no_progress)
    expected = ["-1.2865,36.8172", "-1.2865,36.8172", "0.0000,1.0000", "H500", None]
    assert made.table["location"].to_pylist() == expected
    assert warnings_of(caplog) == [
        "1 of 5 events have no photo with a position or serial number: 'location' stays empty"
    ]


def test_the_place_can_be_the_folder(tmp_path: Path) -> None:
    inside, outside = (tmp_path / "b" / "1.jpg").as_posix(), "/elsewhere/c/1.jpg"
    events = [["a/b c/1.jpg", "other/2.jpg"], ["1.jpg"], [inside], [outside]]
    made = fill_location(inventory(tmp_path, events), "folder")
    assert made.table["location"].to_pylist() == ["a/b c", ".", "b", "/elsewhere/c"]


def test_the_folder_of_a_class_is_no_place(tmp_path: Path) -> None:
    below = [
        ["fox/camera-07/1.jpg"],
        ["hare/camera-07/2.jpg"],
        ["hare/north/camera-08/3.jpg"],
        ["fox/4.jpg"],
    ]
    made = fill_location(
        inventory(tmp_path, below, species=["fox", "hare", "hare", "fox"]), "folder"
    )
    assert made.table["location"].to_pylist() == [
        "camera-07",
        "camera-07",
        "north/camera-08",
        "fox",
    ]


def test_a_place_that_is_called_as_some_class_stays(tmp_path: Path) -> None:
    made = fill_location(
        inventory(tmp_path, [["fox/a/1.jpg"], ["den/a/2.jpg"]], species=["fox", None]), "folder"
    )
    assert made.table["location"].to_pylist() == ["fox/a", "den/a"]


def test_the_place_can_be_a_column_and_fills_only_gaps(tmp_path: Path) -> None:
    given = {"site": [1, 2], "location": ["A", None]}
    made = fill_location(inventory(tmp_path, [["1.jpg"], ["2.jpg"]], **given), "site")
    assert made.table["location"].to_pylist() == ["A", "2"]


def test_an_unknown_column_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'sit': did you mean 'site'"):
        fill_location(inventory(tmp_path, [["1.jpg"]], site=["A"]), "sit")


def test_a_label_is_not_overwritten(tmp_path: Path) -> None:
    labelled = Inventory(
        pa.table({"event_id": ["1"], "images": [["a.jpg"]], "location": ["x"]}),
        ("location",),
        tmp_path,
    )
    with pytest.raises(UsageError, match="'location' is a label"):
        fill_location(labelled, "folder")


def test_real_photos_tell_their_times(shared: Path) -> None:
    photos = sorted(
        path.name for path in (shared / "data" / "camera-trap-photos").glob("blank*.jpg")
    )
    made = fill_from_photos(
        inventory(shared / "data" / "camera-trap-photos", [photos]), TIMES, no_progress
    )
    assert made.table["datetime"].to_pylist() == ["2016-09-25T18:35:10"]
