"""Predictions into Timelapse, and what is labelled there back into a dataset.

Timelapse's side follows its importer of recognition files and its exporter of CSV (versions 2.3 to
2.5): of each detection it keeps the surest class, of equal ones the last, and nothing below 0.03.
It finds a file by its folder below the image set's root, with backslashes, and its name.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from drawn_clips import write_clip
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

MIN_CONFIDENCE = 0.03
HEADER = ("RootFolder", "File", "RelativePath", "DateTime", "DeleteFlag", "Species", "Count")


def ctc(*arguments: object) -> int:
    return run([*map(str, arguments)])


@pytest.fixture
def image_set(tmp_path: Path) -> Path:
    """Red photos of foxes and blue ones of boars, in the folders of two cameras, and a clip."""
    root = tmp_path / "set"
    for name, color in (
        ("North/CAM1/100RECNX/RCNX0001.JPG", "red"),
        ("North/CAM1/101RECNX/RCNX0001.JPG", "blue"),
        ("South 2/IMG_0001.JPG", "blue"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), color).save(root / name)
    write_clip(root / "South 2" / "IMG_0002.mp4", 10)
    (root / "South 2" / "IMG_0003.JPG").write_bytes(b"broken")
    return root


def import_recognitions(document: dict[str, Any]) -> dict[tuple[str, str], str | None]:
    """Return the surest class by folder and file, None where nothing was found."""
    assert not set(document["detection_categories"].values()) & {
        document["classification_categories"]["0"]
    }
    found: dict[tuple[str, str], str | None] = {}
    for image in document["images"]:
        if image["detections"] is None:  # failed: it has no recognitions
            continue
        path = PureWindowsPath(image["file"])
        is_photo = path.suffix.lower() in (".jpg", ".jpeg")
        assert is_photo or image["frame_rate"] > 0
        best = {}
        for detection in image["detections"]:
            assert is_photo or detection["frame_number"] >= 0
            if detection["conf"] < MIN_CONFIDENCE:
                continue
            classes = [one for one in detection["classifications"] if one[1] >= MIN_CONFIDENCE]
            best |= {conf: name for name, conf in sorted(classes, key=lambda one: one[1])[-1:]}
        folder = "" if str(path.parent) == "." else str(path.parent)
        name = document["classification_categories"][best[max(best)]] if best else None
        found[folder, path.name] = name
    return found


def export_csv(recognitions: dict[tuple[str, str], str | None], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for number, ((folder, name), species) in enumerate(recognitions.items()):
            time = f"2024-05-01 06:00:{number:02}"
            rows.writerow(("set", name, folder, time, "false", species or "", "0"))


def test_predictions_come_back_from_timelapse_as_a_dataset(
    image_set: Path, red_model: Path, tmp_path: Path
) -> None:
    recognition = tmp_path / "predictions.megadetector.json"
    assert ctc("predict", red_model, image_set, "--output", recognition) == 3  # a broken photo
    recognitions = import_recognitions(json.loads(recognition.read_text(encoding="utf-8")))
    assert list(recognitions) == [
        ("North\\CAM1\\100RECNX", "RCNX0001.JPG"),
        ("North\\CAM1\\101RECNX", "RCNX0001.JPG"),
        ("South 2", "IMG_0001.JPG"),
        ("South 2", "IMG_0002.mp4"),
    ]
    assert list(recognitions.values())[:3] == ["fox", "boar", "boar"]

    table, inventory = tmp_path / "ImageData.csv", tmp_path / "inventory.parquet"
    export_csv(recognitions, table)
    assert ctc("inventory", table, "--image-root", image_set, "--output", inventory) == 0
    rows = Inventory.read(inventory).table.to_pylist()
    assert [(row["images"][0], row["species"], row["location"]) for row in rows][:3] == [
        ("North/CAM1/100RECNX/RCNX0001.JPG", "fox", "North/CAM1"),
        ("North/CAM1/101RECNX/RCNX0001.JPG", "boar", "North/CAM1"),
        ("South 2/IMG_0001.JPG", "boar", "South 2"),
    ]
    assert rows[3]["images"][0].startswith("South 2/IMG_0002.mp4#t=")
    assert ctc("dataset", inventory, "--output", tmp_path / "dataset") == 0
    manifest = json.loads((tmp_path / "dataset" / "dataset.json").read_text(encoding="utf-8"))
    assert sum(split["events"] for split in manifest["splits"].values()) == 4
    assert manifest["labels"]["species"]["classes"] == ["boar", "fox"]


@pytest.mark.parametrize(
    ("sources", "root"),
    [(["North"], "North"), (["North/CAM1/100RECNX", "North/CAM1/101RECNX"], "North/CAM1")],
)
def test_paths_are_relative_to_the_folder_that_was_predicted(
    image_set: Path, red_model: Path, tmp_path: Path, sources: list[str], root: str
) -> None:
    output = tmp_path / "p.megadetector.json"
    folders = [image_set / source for source in sources]
    assert ctc("predict", red_model, *folders, "--output", output) == 0
    images = json.loads(output.read_text(encoding="utf-8"))["images"]
    assert len(images) == 2
    assert all((image_set / root / image["file"]).is_file() for image in images)
