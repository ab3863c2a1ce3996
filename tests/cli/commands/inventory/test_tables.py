"""`ctc inventory csv` and `ctc dataset`, by their commands, on tables as people have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

PER_PHOTO = """\
sequence,file,species,taken,camera
7,A/1.JPG,fox,13/05/2016 4:00 PM,K1
7,A/2.JPG,fox,13/05/2016 4:00 PM,K1
8,A/3.JPG,hare,01/05/2016 12:10 AM,K2
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("1", "2", "3"):
        path = tmp_path / "photos" / "A" / f"{name}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), (int(name) * 60, 0, 0)).save(path)
    return tmp_path / "photos"


def build(photos: Path, text: str, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    source, output = photos.parent / "t.csv", photos.parent / "inventory.parquet"
    source.write_text(text, encoding="utf-8")
    command = ["inventory", "csv", str(source), "--output", str(output), "--overwrite"]
    assert run([*command, "--image-root", str(photos), *arguments]) == code
    rows: list[dict[str, Any]] = Inventory.read(output).table.to_pylist() if code == 0 else []
    return rows


def test_row_per_photo_with_sequence_id_keeps_all_photos(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = build(
        photos, PER_PHOTO, "--event-id", "sequence", "--image", "file", "--label", "species"
    )
    assert [(row["event_id"], row["images"], row["species"]) for row in rows] == [
        ("7", ["A/1.JPG", "A/2.JPG"], "fox"),
        ("8", ["A/3.JPG"], "hare"),
    ]
    told = capsys.readouterr().err.splitlines()
    assert "united the photos of several rows: 2 photos of 1 event" in told
    assert "2 observations of 2 events with 3 photos" in told
    assert "species: fox (1), hare (1)" in told


def test_location_and_time_come_from_columns_that_are_not_among_meta(photos: Path) -> None:
    arguments = ["--image", "file", "--label", "species", "--location-from", "camera"]
    rows = build(photos, PER_PHOTO, *arguments, "--time-from", "taken", "--events-within", "60")
    assert [(row["images"], row["location"], row["datetime"]) for row in rows] == [
        (["A/1.JPG", "A/2.JPG"], "K1", "2016-05-13T16:00:00"),
        (["A/3.JPG"], "K2", "2016-05-01T00:10:00"),
    ]


def test_dates_that_may_be_read_in_two_ways_need_a_format(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PER_PHOTO.replace("13/05", "02/05")
    arguments = ["--image", "file", "--label", "species", "--time-from", "taken"]
    build(photos, text, *arguments, code=2)
    error = capsys.readouterr().err.splitlines()[-1]
    assert "give --time-format '%d/%m/%Y %I:%M %p' or '%m/%d/%Y %I:%M %p'" in error
    rows = build(photos, text, *arguments, "--time-format", "%d/%m/%Y %I:%M %p")
    assert rows[0]["datetime"] == "2016-05-02T16:00:00"
    build(photos, text, *arguments[:4], "--time-format", "%d/%m/%Y %I:%M %p", code=2)
    assert "add --time-from COLUMN" in capsys.readouterr().err


def test_presence_table_selects_rows_by_value(photos: Path) -> None:
    text = "file,species,presence\nA/1.JPG,fox,1\nA/1.JPG,hare,0\nA/2.JPG,hare,1\n"
    rows = build(photos, text, "--image", "file", "--label", "species", "--where", "presence=1")
    assert [(row["images"], row["species"]) for row in rows] == [
        (["A/1.JPG"], "fox"),
        (["A/2.JPG"], "hare"),
    ]


def test_names_in_other_case_are_hinted_at_and_found(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PER_PHOTO.replace(".JPG", ".jpg")
    arguments = ["--image", "file", "--label", "species"]
    if (photos / "A" / "1.jpg").exists():
        pytest.skip("the file system ignores case")
    build(photos, text, *arguments)
    assert (
        "warning: 3 of the first 3 photos are not in "
        f"'{photos}': there is 'A/1.JPG' for 'A/1.jpg', add --ignore-case"
    ) in capsys.readouterr().err
    assert build(photos, text, *arguments, "--ignore-case")[2]["images"] == ["A/3.JPG"]


@pytest.mark.parametrize("name", ["i.csv", "inventory", "i.parquet.gz"])
def test_output_must_be_named_as_an_inventory(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(["inventory", "folders", str(photos), "--output", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"'{name}' can't be the name of an inventory, which is a Parquet file" in error
    assert not (tmp_path / name).exists()


def test_dataset_warns_of_classes_that_a_split_lacks(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        f"{n},A/1.JPG,{'lynx' if n == 9 else 'fox'},{'b' if n > 7 else 'train'}\n"
        for n in range(10)
    ]
    arguments = ["--event-id", "id", "--image", "file", "--label", "species", "--meta", "part"]
    build(photos, "id,file,species,part\n" + "".join(lines), *arguments)
    source, output = str(tmp_path / "inventory.parquet"), str(tmp_path / "ds")
    assert run(["dataset", source, "--output", output, "--split-by", "part", "--dry-run"]) == 0
    assert (
        "warning: split 'train' has no event of 1 class of 'species', "
        "which the model then can't learn: 'lynx'"
    ) in capsys.readouterr().err


def test_one_missing_photo_is_told_in_the_singular(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PER_PHOTO.replace("A/3.JPG", "A/9.JPG")
    build(photos, text, "--image", "file", "--label", "species")
    assert "warning: 1 of the first 3 photos is not in " in capsys.readouterr().err


def test_several_missing_columns_are_told_with_what_was_meant(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(photos, PER_PHOTO, "--image", "photo", "--label", "Species", code=2)
    assert (
        "has no columns 'photo', 'Species': did you mean 'species' for 'Species'? its columns are "
    ) in capsys.readouterr().err
    build(photos, PER_PHOTO, "--image", "file", "--label", "Species", code=2)
    assert "no column 'Species': did you mean 'species'? its col" in capsys.readouterr().err
