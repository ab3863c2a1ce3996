"""Neighbors of animals: several rows per photo."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.features.embed.results import AnimalFeatures, EventFeatures, PhotoAnimals
from ctc.features.near_duplicates import find_near_duplicates
from ctc.features.neighbor_queries import NeighborConfig
from ctc.features.neighbors import find_neighbors
from ctc.features.store import Embeddings, write_embeddings
from ctc.inventory.checks.photo_uses import photo_uses
from ctc.plugin import OutputContext

PHOTOS = [
    ("1", "a.jpg", [[1.0, 0.0], [0.0, 1.0]]),
    ("2", "b.jpg", [[9.0, 1.0]]),
    ("3", "c.jpg", []),
    ("4", "d.jpg", [[1.0, 9.0], [1.0, 1.0]]),
]


@pytest.fixture
def embeddings(tmp_path: Path) -> Embeddings:
    """Two animals in a.jpg and d.jpg, one in b.jpg, none in c.jpg."""
    settings = {
        "feature_size": 2,
        "folder": str(tmp_path),
        "detector": "d.onnx",
        "detector_digest": "cd",
        "min_confidence": 0.2,
        "max_iou": 0.4,
    }
    created = datetime(2026, 1, 2, tzinfo=UTC)
    context = OutputContext("m.onnx", {}, created, tmp_path, {}, settings=settings)
    events = []
    for event, path, rows in PHOTOS:
        boxes = [Box(0.1 * n, 0.2, 0.25, 1 / 3, confidence=0.9 - 0.1 * n) for n in range(2)]
        animals = tuple(
            AnimalFeatures(Detection(box, "animal", "animal"), np.array(row, np.float32))
            for box, row in zip(boxes, rows, strict=False)
        )
        events.append(EventFeatures(event, (PhotoAnimals(path, animals),)))
    write_embeddings(iter(events), tmp_path / "e.parquet", context)
    return Embeddings.read(tmp_path / "e.parquet")


def found(embeddings: Embeddings, photo: str, **options) -> list[tuple[str, float]]:
    config = NeighborConfig(embeddings.path, (photo,), **options)
    return [
        (embeddings.table["path"][one.row].as_py(), embeddings.box(one.row)["box_x"])
        for one in find_neighbors(config, embeddings)
    ]


def test_photo_means_its_surest_animal(embeddings) -> None:
    assert found(embeddings, "a.jpg") == [("b.jpg", 0), ("d.jpg", 0.1), ("d.jpg", 0)]


def test_number_means_another_animal_of_the_photo(embeddings, tmp_path) -> None:
    assert found(embeddings, f"{tmp_path}/a.jpg#2", count=2) == [("d.jpg", 0), ("d.jpg", 0.1)]
    assert found(embeddings, "a.jpg#1") == found(embeddings, "a.jpg")
    with pytest.raises(UsageError, match=r"'b\.jpg' has fewer than 2 animals"):
        found(embeddings, "b.jpg#2")


def test_photo_without_an_animal_is_explained(embeddings) -> None:
    with pytest.raises(UsageError, match=r"no animal was found in it: add --model and --detector"):
        found(embeddings, "c.jpg")


def test_table_shows_boxes_and_labels(embeddings, tmp_path, capsys) -> None:
    rows = {"event_id": ["1", "2", "4"], "images": [["a.jpg"], ["b.jpg"], ["d.jpg"]]}
    table = pa.table({**rows, "species": ["fox", "hare", "deer"]})
    Inventory(table, ("species",), tmp_path).write(tmp_path / "i.parquet")
    arguments = ["neighbors", str(embeddings.path), str(tmp_path / "a.jpg")]
    given = [*arguments, "--inventory", str(tmp_path / "i.parquet")]
    assert run([*given, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["species"] for one in listed] == ["hare", "deer", "deer"]
    assert [one["box_x"] for one in listed] == [0, 0.1, 0]
    assert (listed[1]["box_height"], listed[1]["box_confidence"]) == (0.333333, 0.8)
    assert run(given) == 0
    header, first = capsys.readouterr().out.splitlines()[:2]
    assert header.split()[-7:-5] == ["box_category", "box_confidence"]
    assert first.split()[-7:] == ["animal", "0.900", "0.000", "0.200", "0.250", "0.333", "hare"]


def test_near_duplicates_are_those_of_the_surest_animals(embeddings, tmp_path) -> None:
    rows = {"event_id": ["1", "2", "3", "4"], "images": [[path] for _, path, _ in PHOTOS]}
    inventory = Inventory(pa.table({**rows, "species": ["x"] * 4}), ("species",), tmp_path)
    near = find_near_duplicates(
        inventory, photo_uses(inventory), embeddings, tmp_path, 0.9, lambda _: None
    )
    assert [one.path for one in near.problems] == ["b.jpg"]
    assert (near.compared, near.without_features) == (3, 1)


@pytest.fixture
def embedded(build_model, write_bright_detector, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A model, a detector, and the embeddings of a reddish and a bluish animal."""
    model = build_model("features.onnx", features=True)
    detector = write_bright_detector(tmp_path / "bright.onnx", (320, 320))
    for name, colour in {"red": (255, 210, 210), "blue": (210, 210, 255)}.items():
        draw(tmp_path / "photos" / f"{name}.png", colour)
    output = tmp_path / "embeddings.parquet"
    given = ["embed", str(model), str(tmp_path / "photos"), "--detector", str(detector)]
    assert run([*given, "--output", str(output)]) == 0
    return model, detector, output


def draw(path: Path, colour: tuple[int, int, int]) -> None:
    photo = Image.new("RGB", (640, 480), (40, 60, 40))
    ImageDraw.Draw(photo).rectangle((200, 100, 400, 300), fill=colour)
    path.parent.mkdir(exist_ok=True)
    photo.save(path)


def test_animal_of_a_new_photo_is_embedded(embedded, tmp_path, capsys) -> None:
    model, detector, output = embedded
    draw(tmp_path / "new.png", (214, 212, 255))
    arguments = ["neighbors", str(output), str(tmp_path / "new.png"), "--model", str(model)]
    assert run([*arguments, "--detector", str(detector), "--json", "--count", "1"]) == 0
    (nearest,) = json.loads(capsys.readouterr().out)
    assert Path(nearest["path"]).name == "blue.png"
    assert nearest["similarity"] > 0.9999


def test_new_photo_needs_the_same_detector(embedded, tmp_path, write_bright_detector) -> None:
    model, detector, output = embedded
    embeddings = Embeddings.read(output)
    with pytest.raises(UsageError, match=r"holds animals that 'bright\.onnx' found: add --detec"):
        found(embeddings, "new.png", model=model)
    other = write_bright_detector(tmp_path / "other.onnx", (64, 64))
    with pytest.raises(UsageError, match=r"other\.onnx' is not the detector that found"):
        found(embeddings, "new.png", model=model, detector=other)
    draw(tmp_path / "empty.png", (40, 60, 40))
    with pytest.raises(InputError, match=r"empty\.png' has no animal: there is no number 1"):
        found(embeddings, str(tmp_path / "empty.png"), model=model, detector=detector)


def test_detector_is_for_photos_to_embed(embedded, capsys) -> None:
    _, detector, output = embedded
    assert run(["neighbors", str(output), "red.png", "--detector", str(detector)]) == 2
    assert "--detector finds animals in photos to embed: add --model" in capsys.readouterr().err
