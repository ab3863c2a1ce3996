"""`ctc inventory SOURCE` without a format, for real files of every built-in format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

CSV = "id,image,species\n1,fox/a.jpg,fox\n"
COCO = {
    "images": [{"id": "1", "file_name": "fox/a.jpg"}],
    "annotations": [{"id": "1", "image_id": "1", "category_id": 1}],
    "categories": [{"id": 1, "name": "fox"}],
}
VERSION_2 = {"1": {"labels": [{"species": "fox"}], "images": ["fox/a.jpg"], "meta_data": {}}}
BOXES = {
    "images": [
        {
            "file": "fox/a.jpg",
            "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}],
        }
    ],
    "detection_categories": {"1": "animal"},
    "info": {"format_version": "1.6"},
}
CAMTRAP_DP = {
    "datapackage.json": json.dumps(
        {
            "profile": "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/"
            "camtrap-dp-profile.json",
            "resources": [
                {"name": name, "path": f"{name}.csv", "profile": "tabular-data-resource"}
                for name in ("deployments", "media", "observations")
            ],
        }
    ),
    "deployments.csv": "deploymentID,latitude,longitude\nd1,50.5,-4\n",
    "media.csv": "mediaID,deploymentID,timestamp,filePath,fileMediatype\n"
    "m1,d1,2020-05-01T10:00:00Z,fox/a.jpg,image/jpeg\n",
    "observations.csv": "observationID,deploymentID,mediaID,eventStart,eventEnd,"
    "observationLevel,observationType,scientificName\n"
    "o1,d1,m1,2020-05-01T10:00:00Z,2020-05-01T10:00:00Z,media,animal,Vulpes vulpes\n",
}
PANTHERA = (
    "dir,capture_id,species,count,standing,resting,moving,eating,interacting,babies,empty,"
    "species_panthera,survey,image,location,split_name\n"
    "fox/a.jpg,1,fox,2,0,0,1,0,0,0,species,Fox,S1,a.jpg,Station 1,train\n"
)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one photo, described in every format."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "fox").mkdir(parents=True)
    Image.new("RGB", (32, 24)).save(tmp_path / "photos" / "fox" / "a.jpg")
    (tmp_path / "labels.csv").write_text(CSV)
    (tmp_path / "panthera.csv").write_text(PANTHERA)
    for name, content in (("coco", COCO), ("version_2", VERSION_2), ("boxes", BOXES)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "package").mkdir()
    for name, text in CAMTRAP_DP.items():
        (tmp_path / "package" / name).write_text(text)
    return tmp_path


def read_rows(*arguments: str) -> list[dict[str, Any]]:
    """Run `ctc inventory` and return the rows of the inventory."""
    output = ["--output", "inventory.parquet", "--overwrite"]
    assert run(["inventory", *arguments, *output]) == 0
    rows: list[dict[str, Any]] = Inventory.read(Path("inventory.parquet")).table.to_pylist()
    return rows


@pytest.mark.parametrize(
    ("source", "format_name", "options"),
    [
        ("photos", "folders", []),
        ("labels.csv", "csv", ["--event-id", "id", "--image", "image", "--label", "species"]),
        ("panthera.csv", "panthera", []),
        ("coco.json", "coco", []),
        ("package", "camtrap-dp", []),
        ("package/datapackage.json", "camtrap-dp", []),
        ("version_2.json", "json", []),
        ("boxes.json", "megadetector", ["--inventory", "labelled.parquet"]),
    ],
)
@pytest.mark.usefixtures("sources")
def test_inventory_recognizes_format_of_source(
    capsys: pytest.CaptureFixture[str], source: str, format_name: str, options: list[str]
) -> None:
    assert run(["inventory", "folders", "photos", "--output", "labelled.parquet"]) == 0
    expected = read_rows(format_name, source, *options)
    capsys.readouterr()
    assert read_rows(source, *options) == expected
    assert capsys.readouterr().err.splitlines()[0] == f"recognized '{format_name}'"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("both.json", "several input formats recognize 'both.json': 'coco', 'megadetector'; name"),
        ("inventory.doc", "no input format recognizes 'inventory.doc': there are 'camtrap-dp', "),
        ("nowhere", "no input format called 'nowhere', and no such file or folder: there are "),
    ],
)
def test_inventory_lists_formats_if_none_or_several_recognize_source(
    sources: Path, capsys: pytest.CaptureFixture[str], source: str, message: str
) -> None:
    (sources / "inventory.doc").write_text("text")
    (sources / "both.json").write_text(json.dumps([COCO, BOXES]))
    assert run(["inventory", source, "--output", "inventory.parquet"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


@pytest.mark.usefixtures("sources")
def test_inventory_names_recognized_format_before_missing_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["inventory", "labels.csv", "--output", "inventory.parquet"]) == 2
    recognized, error = capsys.readouterr().err.splitlines()
    assert recognized == "recognized 'csv'"
    assert "missing option '--image'" in error


@pytest.mark.usefixtures("sources")
def test_inventory_quiet_does_not_print_recognized_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ctc.cli.console.console import set_verbosity

    try:
        assert run(["inventory", "photos", "--output", "inventory.parquet", "--quiet"]) == 0
    finally:
        set_verbosity(quiet=False)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("sources")
def test_inventory_takes_format_name_before_folder_of_that_name(
    capsys: pytest.CaptureFixture[str], sources: Path
) -> None:
    (sources / "photos").rename(sources / "folders")
    assert run(["inventory", "folders", "folders", "--output", "inventory.parquet"]) == 0
    assert "recognized" not in capsys.readouterr().err
