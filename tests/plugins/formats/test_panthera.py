"""Panthera's tables: a real one of version 2.x, and invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

COLUMNS = (
    "dir,capture_id,species,count,standing,resting,moving,eating,interacting,babies,empty,species_panthera,"
    "survey,image,location,split_name"
)
FOX = "S1/a.jpg,1,fox,2,0,0,1,0,0,0,species,Fox,S1,a.jpg,Station 1,train"


def read(source: Path) -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, "panthera").read(source, {}))


def table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "panthera.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_read_version_2_table(shared: Path) -> None:
    first, second = read(shared / "data/cats-and-dogs-labels/panthera_csv_new.csv")
    name = "S1__Station1__Camera1__CAM30817__2013-05-22__10-55-13.JPG"
    assert first == Observation(
        "S1_20130521_20130704_1",
        (f"/raw_images/S1_20130521_20130704/{name}",),
        {
            "species": "otherbird",
            "count": "1",
            **dict.fromkeys(("standing", "resting", "moving", "eating", "interacting", "babies")),
            "empty": "species",
            "species_panthera": "Bird",
        },
        {
            "survey": "S1_20130521_20130704",
            "image": name,
            "location": "S1_20130521_20130704",
            "split_name": "test_S1_20130521_20130704",
        },
    )
    assert isinstance(second, Observation)
    assert second.labels["species"] == "elephant"


def test_rows_of_one_capture_are_one_event(tmp_path: Path) -> None:
    entries = read(table(tmp_path, COLUMNS, FOX, FOX.replace("fox", "hare")))
    assert [(entry.event_id, entry.images, entry.labels["species"]) for entry in entries] == [
        ("1", ("S1/a.jpg",), "fox"),
        ("1", ("S1/a.jpg",), "hare"),
    ]


def test_capture_without_photo_is_left_out(tmp_path: Path) -> None:
    assert read(table(tmp_path, COLUMNS, FOX.removeprefix("S1/a.jpg"))) == [
        LeftOut("panthera.csv line 2", "no image")
    ]


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        (
            (COLUMNS.replace("dir,", "path,").replace("babies", "young"), FOX),
            UsageError,
            "no columns 'dir', 'babies'",
        ),
        ((COLUMNS, FOX, FOX + ",more"), InputError, "line 3 has 17 cells, the header has 16"),
        ((COLUMNS, FOX.replace("fox", '"fox')), InputError, "line 2 on"),
    ],
)
def test_read_rejects_invalid_table(
    tmp_path: Path, lines: tuple[str, ...], error: type[CtcError], message: str
) -> None:
    with pytest.raises(error, match=rf"panthera\.csv' .*{message}"):
        read(table(tmp_path, *lines))


def test_recognizes_panthera_columns(tmp_path: Path) -> None:
    recognizes = plugins().get(InputFormat, "panthera").recognizes
    (tmp_path / "other.csv").write_text("id,image\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "panthera.txt").write_text(COLUMNS)
    assert recognizes(table(tmp_path, COLUMNS))
    assert [recognizes(tmp_path / name) for name in ("other.csv", "empty.csv", "panthera.txt")] == [
        False,
        False,
        False,
    ]
