"""`ctc inventory --clock-offset` and `--time-zone`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

Build = Callable[..., list[dict[str, Any]]]
TIMES = {  # the batteries of cam1 were changed before IMG_0003; IMG_0005 is right
    "cam1/IMG_0001": "2024:05:01 10:00:00",
    "cam1/IMG_0003": "2000:01:01 00:00:05",
    "cam1/IMG_0004": "2000:01:01 00:00:08",
    "cam1/IMG_0005": "2024:06:01 05:00:00",
    "cam2/IMG_0001": "2024:10:27 02:30:00",
}


def write_photos(root: Path, times: Mapping[str, str]) -> Path:
    for name, time in times.items():
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = time
        path = root / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24)).save(path, exif=exif)
    return root


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Run `ctc inventory folders` on the photos with a file of offsets; the rows."""
    photos, output = write_photos(tmp_path / "photos", TIMES), tmp_path / "inventory.parquet"
    offsets = tmp_path / "offsets.csv"

    def rows(text: str, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        command = ["inventory", "folders", str(photos), "--unlabelled", "--output", str(output)]
        command += arguments
        if text:
            offsets.write_text(text)
            command += ["--clock-offset", str(offsets)]
        assert run([*command, "--time-from-exif", "--location-from", "folder"]) == code
        found: list[dict[str, Any]] = Inventory.read(output).table.to_pylist() if not code else []
        return found

    return rows


def test_clock_offset_corrects_a_clock_that_was_reset_and_groups_by_it(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = build(
        "deployment,shown,true,to\ncam1,2000-01-01 00:00:05,2024-05-01 10:00:20,2000-12-31\n",
        "--events-within",
        "60",
    )
    assert [(row["images"], row["datetime"], row["datetime_original"]) for row in rows] == [
        (
            ["cam1/IMG_0001.jpg", "cam1/IMG_0003.jpg", "cam1/IMG_0004.jpg"],
            "2024-05-01T10:00:00",
            "2024-05-01T10:00:00",
        ),
        (["cam1/IMG_0005.jpg"], "2024-06-01T05:00:00", "2024-06-01T05:00:00"),
        (["cam2/IMG_0001.jpg"], "2024-10-27T02:30:00", "2024-10-27T02:30:00"),
    ]
    assert "default of a camera's clock" not in capsys.readouterr().err


def test_time_zone_is_written_and_hours_that_exist_twice_are_told(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = build("", "--time-zone", "Europe/Berlin")
    assert [row["datetime"] for row in rows][::2] == [
        "2024-05-01T10:00:00+02:00",
        "2000-01-01T00:00:08+01:00",
        "2024-10-27T02:30:00+02:00",
    ]
    told = capsys.readouterr().err
    assert "1 time that exists twice in 'Europe/Berlin', when summer time begins or ends" in told
    assert "2 of 5 times are the default of a camera's clock or in the future" in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deployment,seconds\ncam3,5\n", "no deployment of 'offsets.csv' is a location"),
        ("deployment,seconds\ncam1,five\n", "'five' is no number of seconds"),
    ],
)
def test_clock_offset_refuses_a_file_that_corrects_nothing(
    build: Build, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    build(text, code=1)
    assert message in capsys.readouterr().err


def test_clock_offset_needs_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = write_photos(tmp_path / "photos", TIMES)
    (tmp_path / "o.csv").write_text("deployment,seconds\n*,5\n")
    command = ["inventory", "folders", str(photos), "--output", str(tmp_path / "i.parquet")]
    assert run([*command, "--clock-offset", str(tmp_path / "o.csv")]) == 2
    assert "there are no times to correct" in capsys.readouterr().err
