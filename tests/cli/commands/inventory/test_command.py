"""`ctc inventory`: the options that every format has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

TIMES = {
    "fox/A1": "10:00:00",
    "fox/A2": "10:00:05",
    "hare/A3": "10:00:09",
    "hare/A4": "11:00:00",
    "fox/B1": "",
}
Build = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Class folders with five photos of cameras A and B; the one of B has no date."""
    for name, time in TIMES.items():
        exif = Image.Exif()
        exif.get_ifd(0x8769).update({0x9003: time and f"2026:05:04 {time}", 0xA431: name[-2]})
        path = tmp_path / "photos" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24)).save(path, exif=exif)
    return tmp_path / "photos"


@pytest.fixture
def build(photos: Path, tmp_path: Path) -> Build:
    """Run `ctc inventory folders` with further arguments; the rows."""

    def rows(*arguments: object) -> list[dict[str, Any]]:
        output = tmp_path / "inventory.parquet"
        assert (
            run(
                ["inventory", "folders", str(photos), "--output", str(output), *map(str, arguments)]
            )
            == 0
        )
        found: list[dict[str, Any]] = Inventory.read(output).table.to_pylist()
        return found

    return rows


def test_inventory_groups_photos_into_events(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = build("--time-from-exif", "--location-from", "exif", "--events-within", "5")
    assert [
        (row["event_id"], row["images"], row["class"], row["datetime"], row["location"])
        for row in rows
    ] == [
        ("fox#A1", ["fox/A1.jpg", "fox/A2.jpg", "hare/A3.jpg"], "fox", "2026-05-04T10:00:00", "A"),
        ("fox#A1", ["fox/A1.jpg", "fox/A2.jpg", "hare/A3.jpg"], "hare", "2026-05-04T10:00:00", "A"),
        ("fox#B1", ["fox/B1.jpg"], "fox", None, "B"),
        ("hare#A4", ["hare/A4.jpg"], "hare", "2026-05-04T11:00:00", "A"),
    ]
    lines = capsys.readouterr().err.splitlines()
    assert "warning: 1 of 5 events have no photo with an EXIF date: 'datetime' stays empty" in lines
    assert any(
        line.startswith("grouped 3 single photos into 1 event; 1 event with several observations")
        for line in lines
    )


def test_inventory_time_from_mtime_fills_missing_exif(build: Build) -> None:
    assert all(row["datetime"] for row in build("--time-from-mtime"))


def test_inventory_relabel_and_discard_missing(build: Build, tmp_path: Path) -> None:
    (tmp_path / "relabel.csv").write_text("old,new\nfox,red fox\nhare,\n")
    rows = build("--relabel", tmp_path / "relabel.csv", "--discard-missing")
    assert [row["class"] for row in rows] == ["red fox"] * 3
    assert Inventory.read(tmp_path / "inventory.parquet").left_out == {
        "a label is missing (--discard-missing)": 2
    }
    assert (tmp_path / "inventory.left_out.csv").read_text().splitlines() == [
        "where,reason",
        "hare#A3,a label is missing (--discard-missing)",
        "hare#A4,a label is missing (--discard-missing)",
    ]


def test_inventory_counts_and_lists_left_out_entries(
    build: Build, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "loose.jpg").write_bytes((photos / "fox" / "A1.jpg").read_bytes())
    build()
    narration = capsys.readouterr().err
    reason = "not in a folder named after its class, as in fox/1.jpg (first: loose.jpg)"
    assert f"warning: 1 left out: {reason}" in narration
    assert f"left out are listed in '{tmp_path / 'inventory.left_out.csv'}'" in narration


def test_inventory_keeps_left_out_list_without_overwrite(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inventory.left_out.csv").write_text("mine")
    arguments = [
        "inventory",
        "folders",
        str(photos),
        "--output",
        str(tmp_path / "inventory.parquet"),
    ]
    assert run(arguments) == 2
    assert "inventory.left_out.csv' exists already" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0
    assert not (tmp_path / "inventory.left_out.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--events-within", "5"], "add --time-from-exif"),
        (["--events-within", "5", "--time-from-exif"], "add --location-from"),
        (["--location-from", "sit"], "no meta column called 'sit'"),
        (["--relabel", "nowhere.csv"], "file 'nowhere.csv' does not exist"),
        (["--events-within", "nan"], "nan is not a number"),
        (["--events-within", "-1"], "-1.0 is not in the range x>=0"),
    ],
)
def test_inventory_reports_invalid_options_in_one_line(
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert (
        run(
            [
                "inventory",
                "folders",
                str(photos),
                "--output",
                str(tmp_path / "i.parquet"),
                *arguments,
            ]
        )
        == 2
    )
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


def test_inventory_requires_options_of_the_format(tmp_path, capsys) -> None:
    (tmp_path / "boxes.json").write_text("{}")
    assert (
        run(
            [
                "inventory",
                "megadetector",
                f"{tmp_path}/boxes.json",
                "--output",
                f"{tmp_path}/i.parquet",
            ]
        )
        == 2
    )
    assert "missing option '--inventory'" in capsys.readouterr().err


def test_inventory_never_replaces_a_file_that_it_reads(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offsets = tmp_path / "x.parquet"
    offsets.write_text("deployment,seconds\nfox,3600\n")
    (tmp_path / "link.parquet").symlink_to(offsets)
    (tmp_path / "y.left_out.csv").write_text("label,old,new\nclass,fox,hare\n")
    command = ["inventory", "folders", str(photos), "--overwrite", "--output"]
    for option, output, read in (
        ("--clock-offset", "x.parquet", "x.parquet"),
        ("--clock-offset", "link.parquet", "x.parquet"),
        ("--relabel", "x.parquet", "x.parquet"),
        ("--relabel", "y.parquet", "y.left_out.csv"),
    ):
        words = [*command, str(tmp_path / output), option, str(tmp_path / read)]
        before = (tmp_path / read).read_text()
        assert run(words) == 2
        assert "is an input as well: choose another --output" in capsys.readouterr().err
        assert (tmp_path / read).read_text() == before
