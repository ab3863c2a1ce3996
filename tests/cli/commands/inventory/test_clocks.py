"""`ctc inventory clocks`: what it prints and writes, and that `--clock-offset` takes it."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.commands.inventory.clocks import _percent
from ctc.cli.main import run

START = datetime(2024, 5, 1, 12)


def write_photo(path: Path, taken: datetime) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 12)).save(path, exif=exif)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two cameras with a photo an hour.

    The year of north was set wrong for photos 20 to 29. South fell back to 2000 before photo 50,
    half an hour after photo 49.
    """
    root = tmp_path / "photos"
    for number in range(100):
        taken = START + timedelta(hours=number)
        north = taken.replace(year=2023) if 20 <= number < 30 else taken
        write_photo(root / f"north/IMG_{number:04}.JPG", north)
        lost = datetime(2000, 1, 1) - START - timedelta(hours=49, minutes=30)
        write_photo(root / f"south/IMG_{number:04}.JPG", taken + lost * (number >= 50))
    return root


@pytest.fixture
def inventory(photos: Path, tmp_path: Path) -> Path:
    return make_inventory(photos, tmp_path / "inventory.parquet")


def make_inventory(photos: Path, output: Path, *more: str) -> Path:
    command = ["inventory", "folders", str(photos), "--output", str(output), "--time-from-exif"]
    assert run([*command, "--location-from", "folder", "--overwrite", *more]) == 0
    return output


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_clocks_writes_what_clock_offset_takes(
    inventory: Path, photos: Path, tmp_path: Path
) -> None:
    offsets = tmp_path / "offsets.csv"
    assert run(["inventory", "clocks", str(inventory), "--output", str(offsets)]) == 3
    (row,) = rows_of(offsets)
    assert (row["deployment"], row["seconds"], row["finding"]) == (
        "north",
        str(366 * 86_400),  # from 2 May 2023 to 2 May 2024
        "other period",
    )
    (unsure,) = rows_of(tmp_path / "offsets.unsure.csv")
    assert (unsure["deployment"], unsure["finding"], unsure["events"]) == (
        "south",
        "default clock",
        "50",
    )
    lost = (START + timedelta(hours=49) - datetime(2000, 1, 1, 0, 30)).total_seconds()
    assert (float(unsure["at_least"]), unsure["at_most"]) == (lost, "")
    right = make_inventory(photos, tmp_path / "right.parquet", "--clock-offset", str(offsets))
    times = Inventory.read(right).table["datetime"].to_pylist()[:100]
    assert times == [(START + timedelta(hours=number)).isoformat() for number in range(100)]


def test_clocks_finds_the_offset_by_the_end_of_the_deployment(
    inventory: Path, tmp_path: Path
) -> None:
    table, offsets = tmp_path / "deployments.csv", tmp_path / "offsets.csv"
    table.write_text(  # the camera was fetched right after the last photo
        "deploymentID,deploymentStart,deploymentEnd\n"
        "north,2024-05-01,2024-06-01\n"
        "south,2024-05-01T11:50:00,2024-05-05T15:00:00\n"
    )
    command = ["inventory", "clocks", str(inventory), "--deployments", str(table)]
    assert run([*command, "--output", str(offsets)]) == 3
    south = rows_of(offsets)[1]
    lost = (START + timedelta(hours=49, minutes=30) - datetime(2000, 1, 1)).total_seconds()
    # the middle of the hour between photos 49 and 50
    assert float(south["seconds"]) == lost - 1_800
    assert not (tmp_path / "offsets.unsure.csv").exists()


def test_clocks_prints_json(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["inventory", "clocks", str(inventory), "--json", "--look", "0"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["cameras"], found["events"]) == (2, 200)
    assert [(one["camera"], one["kind"], one["events"]) for one in found["findings"]] == [
        ("north", "other period", 10),
        ("south", "default clock", 50),
    ]
    assert 0.99 < found["findings"][0]["sure"] < 1


def test_clocks_finds_nothing_in_right_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        write_photo(tmp_path / f"photos/a/{number}.JPG", START + timedelta(hours=number))
    inventory = make_inventory(tmp_path / "photos", tmp_path / "inventory.parquet")
    assert run(["inventory", "clocks", str(inventory)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == ("5 events of 1 camera: nothing wrong found")


def test_clocks_refuses_offsets_of_times_that_were_corrected(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zoned = make_inventory(photos, tmp_path / "zoned.parquet", "--time-zone", "+01:00")
    command = ["inventory", "clocks", str(zoned)]
    assert run([*command, "--output", str(tmp_path / "offsets.csv")]) == 2
    assert "have been corrected already" in capsys.readouterr().err
    assert run(command) == 3


def test_clocks_never_replaces_what_it_reads(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = inventory.read_bytes()
    command = ["inventory", "clocks", str(inventory), "--output", str(inventory), "--overwrite"]
    assert run(command) == 2
    assert "which is read: choose another" in capsys.readouterr().err
    assert inventory.read_bytes() == before


def test_clocks_needs_times(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "plain.parquet"
    assert run(["inventory", "folders", str(photos), "--output", str(plain)]) == 0
    assert run(["inventory", "clocks", str(plain)]) == 2
    assert "no column 'datetime': make it again with --time-from-exif" in capsys.readouterr().err


def test_clocks_names_files_where_a_clock_fell_back_to_the_same_times_twice(
    tmp_path: Path,
) -> None:
    photos, fell_back = tmp_path / "photos", datetime(2000, 1, 1, 0, 0, 5)
    right = [START + timedelta(days=number // 3, minutes=10 * number) for number in range(6)]
    for number, taken in enumerate(right):
        shown = fell_back if number in (1, 4) else taken
        write_photo(photos / f"a/IMG_{number:04}.JPG", shown)
    inventory, offsets = tmp_path / "inventory.parquet", tmp_path / "offsets.csv"
    make_inventory(photos, inventory)
    assert run(["inventory", "clocks", str(inventory), "--output", str(offsets)]) == 3
    assert [(row["from_file"], row["before_file"]) for row in rows_of(offsets)] == [
        ("a/IMG_0001.JPG", "a/IMG_0002.JPG"),
        ("a/IMG_0004.JPG", "a/IMG_0005.JPG"),
    ]
    corrected = make_inventory(photos, inventory, "--clock-offset", str(offsets))
    assert Inventory.read(corrected).table["datetime"].to_pylist() == [
        taken.isoformat() for taken in right
    ]


@pytest.mark.parametrize(
    ("sure", "shown"),
    [(1.0, "100%"), (0.99683, "99.68%"), (0.999998, "99.9998%"), (1 - 1e-9, "99.9999%")],
)
def test_sure_is_never_rounded_up_to_certain(sure: float, shown: str) -> None:
    assert _percent(sure) == shown


def test_clocks_end_with_the_last_time_and_rows_cover_later_photos_of_its_event(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offsets = tmp_path / "offsets.csv"
    capsys.readouterr()
    command = ["inventory", "clocks", str(inventory), "--look", "0", "--json"]
    assert run([*command, "--output", str(offsets)]) == 3
    end = json.loads(capsys.readouterr().out)["findings"][0]["end"]
    last = datetime.fromisoformat(end) + timedelta(minutes=10)
    assert rows_of(offsets)[0]["to"] == last.isoformat()
