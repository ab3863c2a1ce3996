"""Photos, bursts and the table of labels that the demo draws."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.demo.world import COLUMNS, draw_new_photos, draw_world

KINDS = {"badger", "boar", "deer", "empty", "fox", "hare", "pheasant"}
DATE_ORIGINAL, EXIF, MAKE, MODEL = 0x9003, 0x8769, 0x010F, 0x0110


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_world(
        tmp_path_factory.mktemp("world"), seed=7, locations=2, events_per_location=16
    ).parent


@pytest.fixture(scope="module")
def rows(world: Path) -> list[dict[str, str]]:
    with open(world / "labels.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def images_of(row: dict[str, str]) -> list[str]:
    return [row[column] for column in ("image1", "image2", "image3") if row[column]]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_draw_world_writes_row_per_event(rows: list[dict[str, str]]) -> None:
    assert tuple(rows[0]) == COLUMNS
    assert len({row["event_id"] for row in rows}) == 32


def test_draw_world_lists_every_photo_once(world: Path, rows: list[dict[str, str]]) -> None:
    named = sorted(image for row in rows for image in images_of(row))
    assert named == sorted(
        path.relative_to(world / "photos").as_posix() for path in world.rglob("*.JPG")
    )


def test_draw_world_makes_bursts_of_one_to_three_photos(
    rows: list[dict[str, str]],
) -> None:
    assert {len(images_of(row)) for row in rows} == {1, 2, 3}
    assert all(row["image1"] and (row["image2"] or not row["image3"]) for row in rows)


def test_draw_world_has_every_kind_at_every_location(rows: list[dict[str, str]]) -> None:
    seen = {
        location: {row["species"] for row in rows if row["location"] == location}
        for location in locations(rows)
    }
    assert seen == dict.fromkeys(locations(rows), KINDS)


def locations(rows: list[dict[str, str]]) -> list[str]:
    return sorted({row["location"] for row in rows})


def test_draw_world_omits_count_of_empty_events_only(rows: list[dict[str, str]]) -> None:
    assert {row["species"] for row in rows if not row["count"]} == {"empty"}
    assert {row["count"] for row in rows if row["species"] != "empty"} <= {"1", "2", "3+"}
    assert all(not row["count"] for row in rows if row["species"] == "empty")


def test_draw_world_makes_only_night_photos_grey(world: Path, rows: list[dict[str, str]]) -> None:
    coloured = {
        (
            row["night"],
            bool(
                np.ptp(
                    np.asarray(Image.open(world / "photos" / row["image1"]))[100:400].astype(int),
                    axis=2,
                ).mean()
                > 4
            ),
        )
        for row in rows
    }
    assert coloured == {("yes", False), ("no", True)}


def test_draw_world_writes_exif_date_and_camera(world: Path, rows: list[dict[str, str]]) -> None:
    with Image.open(world / "photos" / rows[0]["image1"]) as photo:
        exif, size = photo.getexif(), photo.size
    taken = exif.get_ifd(EXIF)[DATE_ORIGINAL]
    assert taken.replace(":", "-", 2).replace(" ", "T") == rows[0]["datetime"]
    assert (size, exif[MAKE], exif[MODEL]) == ((640, 480), "Wildwatch", "TC-640 IR")


def test_draw_world_numbers_photos_by_time(rows: list[dict[str, str]]) -> None:
    one = [row for row in rows if row["location"] == rows[0]["location"]]
    assert [row["datetime"] for row in one] == sorted(row["datetime"] for row in one)
    files = [image.rpartition("/")[2] for row in one for image in images_of(row)]
    assert files == [f"IMG_{number + 1:04d}.JPG" for number in range(len(files))]


def test_draw_world_writes_the_true_boxes(world: Path, rows: list[dict[str, str]]) -> None:
    """An event with animals shows them, one without shows none, and boxes lie in the picture."""
    written = json.loads((world / "boxes.json").read_text())
    boxes = {one["file"]: one["detections"] for one in written["images"]}
    assert sorted(boxes) == sorted(image for row in rows for image in images_of(row))
    for row in rows:
        found = [boxes[image] for image in images_of(row)]
        assert {one["species"] for image in found for one in image} <= {row["species"]}
        if row["species"] != "empty":
            assert any(found)
            assert max(map(len, found)) <= int(row["count"].rstrip("+"))
    for detection in (one for image in boxes.values() for one in image):
        left, top, width, height = detection["bbox"]
        assert min(left, top) >= 0
        assert min(width, height) > 0
        assert left + width <= 1.0001
        assert top + height <= 1.0001


def test_draw_world_makes_animals_smaller(tmp_path: Path) -> None:
    draw_world(tmp_path, seed=7, locations=1, events_per_location=6, animal_scale=0.05)
    images = json.loads((tmp_path / "boxes.json").read_text())["images"]
    widths = [one["bbox"][2] for image in images for one in image["detections"]]
    assert 0 < max(widths) < 0.15
    assert min(widths) < 0.03


def test_draw_world_is_reproducible_with_any_number_of_workers(tmp_path: Path) -> None:
    draw_world(tmp_path / "one", seed=3, locations=2, events_per_location=2, workers=1)
    draw_world(tmp_path / "two", seed=3, locations=2, events_per_location=2, workers=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_draw_world_depends_on_seed(tmp_path: Path) -> None:
    draw_world(tmp_path / "three", seed=3, locations=1, events_per_location=1)
    draw_world(tmp_path / "four", seed=4, locations=1, events_per_location=1)
    assert not set(digests(tmp_path / "three").values()) & set(digests(tmp_path / "four").values())


def test_draw_new_photos_fills_own_folder(tmp_path: Path) -> None:
    folder = draw_new_photos(tmp_path, seed=7, count=3)
    assert sorted(path.name for path in folder.iterdir()) == [
        "IMG_0001.JPG",
        "IMG_0002.JPG",
        "IMG_0003.JPG",
    ]


def test_draw_new_photos_is_reproducible(tmp_path: Path) -> None:
    first, second = (
        draw_new_photos(tmp_path / name, seed=7, count=2) for name in ("first", "second")
    )
    assert digests(first) == digests(second)
