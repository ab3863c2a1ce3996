"""Filling `datetime` and `location` from EXIF data, folders and other columns."""

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
from ctc.inventory.config import InventoryConfig
from ctc.inventory.metadata.exif_metadata import fill_from_photos
from ctc.inventory.metadata.locations import fill_location
from ctc.reporting import NullReporter

NO_PROGRESS = NullReporter().progress
FROM_EXIF = InventoryConfig(time_from_exif=True)
FROM_MTIME = InventoryConfig(time_from_mtime=True)
LOCATION_FROM_EXIF = InventoryConfig(location_from="exif")


def write_photo(
    path: Path, taken: str = "", serial: str = "", position: Mapping[int, Any] | None = None
) -> str:
    """Write a photo and return its name."""
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: taken, 0xA431: serial})
    exif.get_ifd(0x8825).update(position or {})
    Image.new("RGB", (8, 8)).save(path, "JPEG", exif=exif)
    return path.name


def inventory(root: Path, events: Sequence[Sequence[str]], **meta: list[Any]) -> Inventory:
    """Return an inventory with one row per event, unless `meta` has other ids."""
    ids = [str(i) for i in range(len(events))]
    table = pa.table({"event_id": ids, "images": events, "species": ["fox"] * len(events)} | meta)
    return Inventory(table, ("species",), root)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_fill_from_photos_takes_time_of_first_dated_photo(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dated = write_photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    later = write_photo(tmp_path / "later.jpg", "2026:03:01 00:00:00")
    blank = write_photo(tmp_path / "blank.jpg", "0000:00:00 00:00:00")
    filled = fill_from_photos(
        inventory(tmp_path, [[blank, dated, later], [blank], [later]]), FROM_EXIF, NO_PROGRESS
    )
    assert filled.meta == ("datetime",)
    assert filled.table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        None,
        "2026-03-01T00:00:00",
    ]
    assert warnings_of(caplog) == [
        "1 of 3 events have no photo with an EXIF date: 'datetime' stays empty"
    ]


def test_fill_location_takes_card_folders_for_one_camera(tmp_path: Path) -> None:
    events = [
        ["fox/N1/DCIM/100RECNX/1.jpg"],
        ["fox/N1/DCIM/101RECNX/1.jpg"],
        ["fox/100EK113/1.jpg"],
    ]
    filled = fill_location(inventory(tmp_path, events), "folder")
    assert filled.table["location"].to_pylist() == ["N1", "N1", None]


def test_fill_from_photos_warns_about_unreadable_photos(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled = fill_from_photos(
        inventory(tmp_path, [["gone.jpg"], ["gone too.jpg"]]), FROM_EXIF, NO_PROGRESS
    )
    assert filled.table["datetime"].to_pylist() == [None, None]
    assert (
        "2 photos can't be read for their EXIF (first: 'gone.jpg': no such file or directory)"
        in warnings_of(caplog)
    )


def test_fill_from_photos_keeps_times_of_source(tmp_path: Path) -> None:
    dated = write_photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    filled = fill_from_photos(
        inventory(tmp_path, [[dated], [dated]], datetime=["2001-01-01", None]),
        FROM_EXIF,
        NO_PROGRESS,
    )
    assert filled.table["datetime"].to_pylist() == ["2001-01-01", "2026-02-03T04:05:06"]


def test_fill_from_photos_reads_nothing_if_times_are_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = inventory(tmp_path, [["gone.jpg"]], datetime=["2001-01-01"])
    assert fill_from_photos(known, FROM_EXIF, NO_PROGRESS).table.equals(known.table)
    assert warnings_of(caplog) == []


def test_fill_from_photos_fills_all_rows_of_event(tmp_path: Path) -> None:
    dated = write_photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    rows = inventory(tmp_path, [[dated], [dated], ["gone.jpg"]], event_id=["a", "a", "b"])
    filled = fill_from_photos(rows, FROM_EXIF, NO_PROGRESS)
    assert filled.table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        "2026-02-03T04:05:06",
        None,
    ]


def test_fill_from_photos_uses_mtime_only_on_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dated = write_photo(tmp_path / "dated.jpg", "2026:02:03 04:05:06")
    blank = write_photo(tmp_path / "blank.jpg")
    os.utime(tmp_path / blank, (1_000_000_000.5, 1_000_000_000.5))
    photos = inventory(tmp_path, [[dated], [blank], ["gone.jpg"]])
    modified = datetime.fromtimestamp(1_000_000_000).isoformat()
    assert fill_from_photos(photos, FROM_EXIF, NO_PROGRESS).table["datetime"].null_count == 2
    assert fill_from_photos(photos, FROM_MTIME, NO_PROGRESS).table["datetime"].to_pylist() == [
        "2026-02-03T04:05:06",
        modified,
        None,
    ]
    assert "1 times are the modification times of the files, which may be wrong" in warnings_of(
        caplog
    )


def test_fill_from_photos_takes_gps_position_or_else_serial_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nairobi = {1: "S", 2: (1.0, 17.0, 11.4), 3: "E", 4: (36.0, 49.0, 2.0)}
    near_null = {1: "S", 2: (0.0, 0.0, 0.01), 3: "E", 4: (1.0, 0.0, 0.0)}
    here = write_photo(tmp_path / "here.jpg", position=nairobi, serial="H500")
    equator = write_photo(tmp_path / "equator.jpg", position=near_null)
    camera = write_photo(tmp_path / "camera.jpg", serial="H500")
    blank = write_photo(tmp_path / "blank.jpg")
    events = [[here], [camera, here], [equator], [camera], [blank]]
    filled = fill_from_photos(inventory(tmp_path, events), LOCATION_FROM_EXIF, NO_PROGRESS)
    expected = ["-1.2865,36.8172", "-1.2865,36.8172", "0.0000,1.0000", "H500", None]
    assert filled.table["location"].to_pylist() == expected
    assert warnings_of(caplog) == [
        "1 of 5 events have no photo with a position or serial number: 'location' stays empty"
    ]


def test_fill_location_from_folder(tmp_path: Path) -> None:
    inside, outside = (tmp_path / "b" / "1.jpg").as_posix(), "/elsewhere/c/1.jpg"
    events = [["a/b c/1.jpg", "other/2.jpg"], ["1.jpg"], [inside], [outside]]
    filled = fill_location(inventory(tmp_path, events), "folder")
    assert filled.table["location"].to_pylist() == ["a/b c", ".", "b", "/elsewhere/c"]


def test_fill_location_drops_class_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    below = [
        ["fox/camera-07/1.jpg"],
        ["hare/camera-07/2.jpg"],
        ["hare/north/camera-08/3.jpg"],
        ["fox/4.jpg"],
    ]
    filled = fill_location(
        inventory(tmp_path, below, species=["fox", "hare", "hare", "fox"]), "folder"
    )
    assert filled.table["location"].to_pylist() == [
        "camera-07",
        "camera-07",
        "north/camera-08",
        None,
    ]
    assert "1 photo is directly in the folder of a class (first: 'fox')" in caplog.messages[0]


def test_fill_location_takes_folders_with_cards_for_cameras(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cards = [["siteA/100RECNX/1.jpg"], ["siteA/101RECNX/1.jpg"], ["siteB/DCIM/100RECNX/1.jpg"]]
    sites = ["siteA", "siteA", "siteB"]
    filled = fill_location(inventory(tmp_path, cards, species=sites), "folder")
    assert filled.table["location"].to_pylist() == sites
    assert "such as 'siteA/100RECNX'" in caplog.messages[0]


def test_fill_location_of_a_card_is_the_root(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    card = [["DCIM/100RECNX/1.jpg"], ["DCIM/101RECNX/1.jpg"]]
    filled = fill_location(inventory(tmp_path, card, species=["DCIM", "DCIM"]), "folder")
    assert filled.table["location"].to_pylist() == [".", "."]
    assert not caplog.messages


def test_fill_location_keeps_folder_that_is_not_class_of_every_row(tmp_path: Path) -> None:
    filled = fill_location(
        inventory(tmp_path, [["fox/a/1.jpg"], ["den/a/2.jpg"]], species=["fox", None]), "folder"
    )
    assert filled.table["location"].to_pylist() == ["fox/a", "den/a"]


def test_fill_location_from_column_fills_only_gaps(tmp_path: Path) -> None:
    given = {"site": [1, 2], "location": ["A", None]}
    filled = fill_location(inventory(tmp_path, [["1.jpg"], ["2.jpg"]], **given), "site")
    assert filled.table["location"].to_pylist() == ["A", "2"]


def test_fill_location_says_that_it_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled = fill_location(inventory(tmp_path, [["1.jpg"]], site=["B"], location=["A"]), "site")
    assert filled.table["location"].to_pylist() == ["A"]
    assert caplog.messages == [
        "--location-from site changes nothing: the source gives the location of every event"
    ]


def test_fill_location_suggests_similar_column(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'sit': did you mean 'site'"):
        fill_location(inventory(tmp_path, [["1.jpg"]], site=["A"]), "sit")


def test_fill_location_refuses_to_overwrite_label(tmp_path: Path) -> None:
    labelled = Inventory(
        pa.table({"event_id": ["1"], "images": [["a.jpg"]], "location": ["x"]}),
        ("location",),
        tmp_path,
    )
    with pytest.raises(UsageError, match="'location' is a label"):
        fill_location(labelled, "folder")


def test_fill_from_photos_reads_time_of_real_photo(shared: Path) -> None:
    photos = sorted(
        path.name for path in (shared / "data" / "camera-trap-photos").glob("blank*.jpg")
    )
    filled = fill_from_photos(
        inventory(shared / "data" / "camera-trap-photos", [photos]), FROM_EXIF, NO_PROGRESS
    )
    assert filled.table["datetime"].to_pylist() == ["2016-09-25T18:35:10"]
