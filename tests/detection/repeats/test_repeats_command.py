"""`ctc detect repeats`, and the commands that take its list."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run

STONE = (100, 100, 180, 180)
FEW = ["--min-photos", "4"]


def detect(*arguments: object) -> int:
    return run(["detect", *map(str, arguments)])


def images_of(path: Path) -> dict[str, dict[str, Any]]:
    return {one["file"]: one for one in json.loads(path.read_text())["images"]}


def repeats_of(path: Path) -> dict[str, list[bool]]:
    return {
        file: ["repeat" in one for one in image["detections"]]
        for file, image in images_of(path).items()
    }


@pytest.fixture
def photos(draw_photo: Callable[..., Path]) -> Path:
    """A camera with a stone in five photos and an animal in the sixth, and one with an animal."""
    for number in range(5):
        draw_photo(f"stone/{number}.png", (640, 480), STONE)
    draw_photo("stone/5.png", (640, 480), (400, 50, 600, 300))
    return draw_photo("animal/0.png", (640, 480), STONE).parent.parent


@pytest.fixture
def boxes(detector: Path, photos: Path, tmp_path: Path) -> Path:
    assert detect(detector, photos, "--output", tmp_path / "boxes.json") == 0
    return tmp_path / "boxes.json"


@pytest.fixture
def repeats(boxes: Path, photos: Path, tmp_path: Path) -> Path:
    output = tmp_path / "repeats"
    assert detect("repeats", boxes, "--image-root", photos, "--output", output, *FEW) == 0
    return output / "repeats.json"


def test_detect_repeats_command_writes_a_list_and_a_page(repeats, photos) -> None:
    written = json.loads(repeats.read_text())
    assert written["image_root"] == str(photos)
    (place,) = written["places"]
    assert place["camera"] == "stone"
    assert place["photos"] == 5
    assert place["keep"] is False
    assert place["bbox"] == pytest.approx([100 / 640, 100 / 480, 80 / 640, 80 / 480], abs=0.004)
    page = (repeats.parent / "repeats.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3
    assert "default-src 'none'" in page


def test_detect_command_marks_repeats_and_keeps_them(
    detector, photos, boxes, repeats, tmp_path, capsys
) -> None:
    output = tmp_path / "marked.json"
    assert detect(detector, photos, "--output", output, "--repeats", repeats) == 0
    marks = repeats_of(output)
    assert marks.pop("animal/0.png") == [False]
    assert marks.pop("stone/5.png") == [False]
    assert list(marks.values()) == [[True]] * 5
    for file, image in images_of(boxes).items():
        (before,), (after,) = image["detections"], images_of(output)[file]["detections"]
        assert before == {key: value for key, value in after.items() if key != "repeat"}
    assert "5 boxes set aside" in capsys.readouterr().err


def test_detect_command_with_repeats_in_shards_gives_the_same_boxes(
    detector, photos, repeats, tmp_path, capsys
) -> None:
    merged = tmp_path / "merged.json"
    for shard in ("1/2", "2/2"):
        arguments = [detector, photos, "--output", merged, "--repeats", repeats]
        assert detect(*arguments, "--shard", shard) == 0
    capsys.readouterr()
    parts = sorted(tmp_path.glob("merged.json.part-*"))
    assert run(["merge", *map(str, parts), "--output", str(merged)]) == 0
    assert "5 boxes set aside" in capsys.readouterr().err
    assert sum(any(marks) for marks in repeats_of(merged).values()) == 5


def test_detect_command_tells_repeats_in_tables(detector, photos, repeats, tmp_path) -> None:
    for name in ("boxes.csv", "boxes.parquet", "boxes.coco.json"):
        assert detect(detector, photos, "--output", tmp_path / name, "--repeats", repeats) == 0
    with (tmp_path / "boxes.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (Path(row["path"]).name, row["type"], row["repeat"]) for row in csv.DictReader(file)
        ]
    assert rows[:5] == [
        ("0.png", "animal", ""),
        ("0.png", "animal", "true"),
        ("0.png", "blank", ""),
        ("1.png", "animal", "true"),
        ("1.png", "blank", ""),
    ]
    assert pq.read_table(tmp_path / "boxes.parquet")["repeat"].to_pylist().count("true") == 5
    coco = json.loads((tmp_path / "boxes.coco.json").read_text())
    assert sum(one.get("repeat", False) for one in coco["annotations"]) == 5


def test_detect_command_keeps_what_was_ticked(detector, photos, repeats, tmp_path, capsys) -> None:
    content = json.loads(repeats.read_text())
    content["places"][0]["keep"] = True
    repeats.write_text(json.dumps(content))
    output = tmp_path / "kept.json"
    assert detect(detector, photos, "--output", output, "--repeats", repeats) == 0
    assert not any(map(any, repeats_of(output).values()))
    assert "no box is at a place of --repeats" in capsys.readouterr().err


def test_predict_command_leaves_repeats_out_of_answers(
    detector, model, photos, repeats, tmp_path
) -> None:
    arguments = ["predict", model, photos, "--detector", detector, "--repeats", repeats]
    for name in ("p.csv", "p.megadetector.json"):
        assert run([*map(str, arguments), "--output", str(tmp_path / name)]) == 0
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        tops = {
            Path(row["id"]).relative_to(photos).as_posix(): row["prediction_top"]
            for row in csv.DictReader(file)
        }
    blank = {file for file, top in tops.items() if top in ("blank", "empty")}
    assert blank == {f"stone/{number}.png" for number in range(5)}
    images = images_of(tmp_path / "p.megadetector.json")
    (stone,), (animal,) = (images[file]["detections"] for file in ("stone/0.png", "animal/0.png"))
    assert stone["repeat"] is True
    assert "classifications" not in stone
    assert stone["conf"] == 0.9
    assert "repeat" not in animal
    assert animal["classifications"]


def test_predict_command_resumes_repeats_from_parts(
    detector, model, photos, repeats, tmp_path
) -> None:
    output = tmp_path / "p.megadetector.json"
    arguments = ["predict", model, photos, "--detector", detector, "--repeats", repeats]
    whole = tmp_path / "whole.megadetector.json"
    assert run([*map(str, arguments), "--output", str(whole)]) == 0
    for shard in ("1/2", "2/2"):
        assert run([*map(str, arguments), "--output", str(output), "--shard", shard]) == 0
    parts = sorted(tmp_path.glob("p.megadetector.json.part-*"))
    assert run(["merge", *map(str, parts), "--output", str(output)]) == 0
    assert images_of(output) == images_of(whole)


@pytest.mark.parametrize("is_marked", [False, True])
def test_inventory_command_leaves_repeats_out(
    detector, photos, boxes, repeats, is_marked, tmp_path, capsys
) -> None:
    """With the list, and without it from boxes that `ctc detect` marked."""
    rows = [
        {"event_id": name, "images": [name], "species": "fox"} for name in sorted(images_of(boxes))
    ]
    Inventory(pa.Table.from_pylist(rows), ("species",), photos).write(tmp_path / "i.parquet")
    more = ["--repeats", repeats]
    if is_marked:
        boxes, more = tmp_path / "marked.json", []
        assert detect(detector, photos, "--output", boxes, "--repeats", repeats) == 0
    output = tmp_path / "with_boxes.parquet"
    arguments = ["inventory", "megadetector", boxes, "--inventory", tmp_path / "i.parquet"]
    assert run([*map(str, [*arguments, "--output", output, *more])]) == 0
    assert "5 left out: a box that comes back" in capsys.readouterr().err
    found = pq.read_table(output).to_pylist()
    assert [row["event_id"] for row in found if row["detections"] != [None]] == [
        "animal/0.png",
        "stone/5.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--image-root", "."], 2, "--image-root must be the folder that the detector ran on"),
        ([], 2, "give the folder that the detector ran on with --image-root"),
        (["--min-photos", "1"], 2, "not in the range"),
        (["--max-area", "0"], 2, "not in the range"),
    ],
)
def test_detect_repeats_command_refuses_wrong_options(
    boxes, arguments, code, message, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert detect("repeats", boxes, "--output", "repeats", *arguments) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "repeats").exists()


def test_detect_repeats_command_replaces_a_list_only_if_asked(
    boxes, photos, repeats, capsys
) -> None:
    before = repeats.read_bytes()
    arguments = ["repeats", boxes, "--image-root", photos, "--output", repeats.parent]
    assert detect(*arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert repeats.read_bytes() == before
    assert detect(*arguments, "--overwrite") == 0
    assert "no place of a camera has a box in" in capsys.readouterr().err
    assert json.loads(repeats.read_text())["places"] == []


def test_predict_command_needs_a_detector_for_repeats(model, photos, repeats, tmp_path, capsys):
    arguments = ["predict", model, photos, "--output", tmp_path / "p.csv", "--repeats", repeats]
    assert run([*map(str, arguments)]) == 2
    assert "--repeats is about the boxes of a detector: add --detector" in capsys.readouterr().err
