"""Packages of commands, held to the standard, to frictionless and to the R package camtrapdp."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bright_detector import write_bright_detector
from camtrap_dp_validity import camtrapdp_problems, problems
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

SITES = (
    "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd,cameraHeight,baitUse\n"
    "n24,north,48.5,11,2024-04-01,2024-04-30,1.2,no\n"
    "s24,south,48.4,11.1,2024-04-01T09:00:00,2024-04-30T17:30:00,,\n"
    "w24,west,48.3,11.2,2024-04-01,2024-04-30,,\n"
)
TAXONOMY = (
    "label,kingdom,phylum,class,order,family,genus,species,common_name\n"
    "fox,Animalia,Chordata,Mammalia,Carnivora,Canidae,Vulpes,Vulpes vulpes,red fox\n"
    "boar,Animalia,Chordata,Mammalia,Artiodactyla,Suidae,Sus,Sus scrofa,wild boar\n"
)
RANKS = {"kingdom": "Animalia", "phylum": "Chordata", "class": "Mammalia"}
_DATETIME, _ORIGINAL, _EXIF = 0x0132, 0x9003, 0x8769


def write_photo(path: Path, time: str, red: int) -> None:
    """Write a photo with a white box and an EXIF time."""
    pixels = np.full((64, 64, 3), (red, 40, 40), np.uint8)
    pixels[20:40, 10:30] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[_DATETIME] = time
    exif.get_ifd(_EXIF)[_ORIGINAL] = time
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif, quality=95)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two bursts of a northern camera and a photo of a southern one."""
    root = tmp_path / "photos"
    for number, second in enumerate((1, 2, 31, 32)):
        write_photo(
            root / f"north/{number}.jpg", f"2024:04:02 06:00:{second:02}", 200 * (second < 9)
        )
    write_photo(root / "south/1.jpg", "2024:04:03 22:15:00", 200)
    return root


@pytest.fixture
def predict(tmp_path: Path, red_model: Path, photos: Path):
    """A function that predicts the photos into a package, with deployments and a taxonomy."""
    (tmp_path / "sites.csv").write_text(SITES)
    (tmp_path / "taxonomy.csv").write_text(TAXONOMY)
    own = ("--time-zone", "+01:00", "--deployments", str(tmp_path / "sites.csv"))
    own = (*own, "--taxonomy", str(tmp_path / "taxonomy.csv"), "--events-within", "5")

    def write(name: str, *options: str) -> Path:
        output = tmp_path / name
        command = ["predict", str(red_model), str(photos), "--output", str(output), *own, *options]
        assert run(command) == 0
        return output

    return write


@pytest.fixture
def standard(shared: Path) -> Path:
    return shared / "standards" / "camtrap-dp-1.0.2"


def test_predictions_are_valid(predict, standard: Path) -> None:
    package = predict("p.camtrap-dp")
    assert problems(package, standard) == []
    document = json.loads((package / "datapackage.json").read_text())
    assert document["taxonomic"] == [
        {
            "scientificName": "Sus scrofa",
            "taxonRank": "species",
            **RANKS,
            "order": "Artiodactyla",
            "family": "Suidae",
            "genus": "Sus",
            "vernacularNames": {"und": "wild boar"},
        },
        {
            "scientificName": "Vulpes vulpes",
            "taxonRank": "species",
            **RANKS,
            "order": "Carnivora",
            "family": "Canidae",
            "genus": "Vulpes",
            "vernacularNames": {"und": "red fox"},
        },
    ]


def test_predictions_of_boxes_are_valid(predict, standard: Path, tmp_path: Path) -> None:
    detector = write_bright_detector(tmp_path / "bright.onnx")
    package = predict("p.camtrap-dp", "--detector", str(detector))
    assert problems(package, standard) == []
    assert "0.15" in (package / "observations.csv").read_text()


@pytest.mark.parametrize("name", ["p.camtrap-dp", "p.camtrap-dp.zip"])
def test_inventory_has_the_events_that_were_predicted(
    predict, photos: Path, tmp_path: Path, name: str
) -> None:
    output = tmp_path / "inventory.parquet"
    source = [str(predict(name)), "--image-root", str(photos), "--output", str(output)]
    assert run(["inventory", "camtrap-dp", *source]) == 0
    table = Inventory.read(output).table.select(["event_id", "images", "species", "location"])
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("north/0.jpg", ["north/0.jpg", "north/1.jpg"], "Vulpes vulpes", "north"),
        ("north/2.jpg", ["north/2.jpg", "north/3.jpg"], "Sus scrofa", "north"),
        ("south/1.jpg", ["south/1.jpg"], "Vulpes vulpes", "south"),
    ]


def test_camtrapdp_problems_finds_what_is_wrong(predict) -> None:
    package = predict("p.camtrap-dp")
    document = json.loads((package / "datapackage.json").read_text())
    document["profile"] = document["profile"].replace("1.0.2", "0.1.6")
    document["taxonomic"] = document["taxonomic"][:1]
    (package / "datapackage.json").write_text(json.dumps(document))
    assert list(camtrapdp_problems(package)) == [
        f"version of {document['profile']}",
        "taxonomic lacks Vulpes vulpes",
    ]
