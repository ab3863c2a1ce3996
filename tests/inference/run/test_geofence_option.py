"""`ctc predict --geofence`: only the classes that live where an event was."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ctc.cli.main import run

TABLE = ["--event-id", "id", "--image", "photo"]


@pytest.fixture
def table(draw, tmp_path: Path) -> Path:
    """Events of foxes (red) and wolves (blue) in two countries."""
    draw("red.png", (255, 0, 0))
    draw("blue.png", (0, 0, 255))
    path = tmp_path / "events.csv"
    path.write_text(
        "id,photo,country\n1,red.png,KE\n2,blue.png,KE\n3,red.png,Germany\n4,blue.png,\n"
    )
    return path


@pytest.fixture
def fence(tmp_path: Path) -> Path:
    path = tmp_path / "fence.csv"
    path.write_text("class,country\nfox,DE\n")
    return path


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def species(path: Path) -> list[tuple[str, str, str, str]]:
    names = "id", "prediction_top", "confidence_top", "before_geofence"
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "species"]
    return [tuple(row[name] for name in names) for row in rows]


def test_predict_geofence_by_a_column(model, table, fence, tmp_path, capsys) -> None:
    output = tmp_path / "p.csv"
    assert predict(model, table, *TABLE, "--geofence", fence, "--output", output) == 0
    assert species(output) == [
        ("1", "wolf", "1.0000", "fox"),
        ("2", "wolf", "1.0000", ""),
        ("3", "fox", "0.7311", ""),
        ("4", "wolf", "0.7311", ""),
    ]
    printed = capsys.readouterr().err
    assert (
        "'species' is restricted by 'fence.csv' to the classes that live where an event was;"
        " without rules, so possible everywhere: 'wolf'\n" in printed
    )
    assert "geofence: 1 of 4 answers changed\n" in printed
    assert "geofence: 1 event without a place" in printed


def test_predict_geofence_in_a_country_and_per_photo(model, draw, fence, tmp_path) -> None:
    photo, output = draw("red.png", (255, 0, 0)), tmp_path / "p.csv"
    options = ["--geofence", fence, "--country", "KE", "--per-photo", "--output", output]
    assert predict(model, photo, *options) == 0
    assert species(output) == [(str(photo), "wolf", "1.0000", "fox")]


def test_predict_geofence_in_shards_is_merged_to_the_same_bytes(
    model, table, fence, tmp_path, capsys
) -> None:
    options = [model, table, *TABLE, "--geofence", fence, "--output", tmp_path / "p.csv"]
    assert predict(*options, "--shard", "1/2") == predict(*options, "--shard", "2/2") == 0
    parts = [str(tmp_path / f"p.csv.part-{number}-of-2") for number in (1, 2)]
    assert run(["merge", *parts, "--output", str(tmp_path / "merged.csv")]) == 0
    assert "geofence: 1 of 4 answers changed\n" in capsys.readouterr().err
    assert predict(*options) == 0
    assert (tmp_path / "merged.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()


def test_merge_refuses_parts_with_another_geofence(model, table, fence, tmp_path, capsys) -> None:
    options = [model, table, *TABLE, "--geofence", fence, "--output", tmp_path / "p.csv"]
    predict(*options, "--shard", "1/2")
    fence.write_text("class,country\nwolf,DE\n")
    predict(*options, "--shard", "2/2")
    parts = [str(tmp_path / f"p.csv.part-{number}-of-2") for number in (1, 2)]
    assert run(["merge", *parts, "--output", str(tmp_path / "merged.csv")]) == 2
    assert "was made with --geofence" in capsys.readouterr().err


def test_predict_geofence_dry_run_writes_nothing(model, table, fence, tmp_path) -> None:
    output = tmp_path / "p.csv"
    assert predict(model, table, *TABLE, "--geofence", fence, "--dry-run", "--output", output) == 0
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--geofence", "fence.csv", "--country", "Kenja"],
            "--country 'Kenja' is not known: did you mean 'Kenya'?",
        ),
        (["--country", "KE"], "are for --geofence: give its file"),
        (
            ["--geofence", "fence.csv", "--country-column", "contry"],
            "--country-column: unknown column 'contry': did you mean 'country'?",
        ),
        (["--geofence", "gone.csv"], "geofence 'gone.csv' can't be read"),
        (
            ["--geofence", "fence.csv", "--country", "KE", "--country-column", "country"],
            "--country and --country-column exclude each other",
        ),
    ],
)
def test_predict_geofence_errors(
    model, table, fence, tmp_path, monkeypatch, capsys, options, message
) -> None:
    monkeypatch.chdir(tmp_path)
    assert predict(model, table, *TABLE, *options, "--output", "p.csv") == 2
    assert message in capsys.readouterr().err
    assert not Path("p.csv").exists()


def test_predict_geofence_of_photos_needs_a_country(model, draw, fence, tmp_path, capsys) -> None:
    photo = draw("red.png")
    assert predict(model, photo, "--geofence", fence, "--output", tmp_path / "p.csv") == 2
    assert "--geofence needs the place of each event: give --country" in capsys.readouterr().err
