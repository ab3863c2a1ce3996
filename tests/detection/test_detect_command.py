"""`ctc detect`: from photos to boxes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest
from onnx import numpy_helper

from ctc.cli.main import run

Draw = Callable[..., Path]


def detect(*arguments: object) -> int:
    return run(["detect", *map(str, arguments)])


def images_of(path: Path) -> dict[str, dict[str, Any]]:
    return {one["file"]: one for one in json.loads(path.read_text())["images"]}


def boxes_of(path: Path) -> dict[str, list[list[float]]]:
    return {
        name: [one["bbox"] for one in image["detections"] or []]
        for name, image in images_of(path).items()
    }


@pytest.fixture
def photos(draw_photo: Draw) -> Path:
    draw_photo("a/0.jpg", (640, 480), (100, 50, 200, 300))
    draw_photo("a/1.jpg", (480, 640), (10, 400, 100, 630))
    draw_photo("b/2.jpg", (800, 300))
    broken = draw_photo("b/3.jpg", (32, 32))
    broken.write_bytes(b"no photo")
    return broken.parent.parent


def test_detect_command_writes_boxes_as_fractions_of_each_photo(
    detector, photos, tmp_path, capsys
) -> None:
    output = tmp_path / "boxes.json"
    assert detect(detector, photos, "--output", output) == 3
    written = json.loads(output.read_text())
    assert written["info"]["format_version"] == "1.6"
    assert written["detection_categories"] == {"1": "animal", "2": "person", "3": "vehicle"}
    images = images_of(output)
    assert list(images) == ["a/0.jpg", "a/1.jpg", "b/2.jpg", "b/3.jpg"]
    assert images["a/0.jpg"]["detections"] == [
        {"category": "1", "conf": 0.9, "bbox": [0.15625, 0.10417, 0.15625, 0.52083]}
    ]
    assert images["a/1.jpg"]["detections"][0]["bbox"] == [0.02083, 0.625, 0.1875, 0.35938]
    assert images["b/2.jpg"]["detections"] == []
    assert images["b/3.jpg"]["detections"] is None
    assert "not an image of a known kind" in images["b/3.jpg"]["failure"]
    failures = (tmp_path / "boxes.json.failures.csv").read_text()
    assert "b/3.jpg" in failures
    assert "3 events searched from 4 photos" in capsys.readouterr().err


@pytest.mark.parametrize("orientation", range(1, 9))
def test_detect_command_turns_photos_upright(detector, draw_photo, tmp_path, orientation) -> None:
    photo = draw_photo("0.jpg", (640, 480), (160, 48, 320, 240), orientation=orientation)
    output = tmp_path / "boxes.json"
    assert detect(detector, photo, "--output", output) == 0
    (image,) = images_of(output).values()
    assert image["detections"][0]["bbox"] == [0.25, 0.1, 0.25, 0.4]
    assert (image["height"], image["width"]) == (480, 640)


@pytest.mark.parametrize("size", [(3200, 40), (40, 3200), (320, 320), (321, 319), (20, 10)])
def test_detect_command_keeps_boxes_in_photos_of_any_shape(
    detector, draw_photo, tmp_path, size
) -> None:
    width, height = size
    photo = draw_photo("0.png", size, (width // 4, height // 4, width // 2, height // 2))
    assert detect(detector, photo, "--output", tmp_path / "boxes.json") == 0
    ((box,),) = boxes_of(tmp_path / "boxes.json").values()
    exact = [width // 4, height // 4, width // 2 - width // 4, height // 2 - height // 4]
    scale = min(320 / width, 320 / height)
    for side, expected, length in zip(box, exact, (width, height) * 2, strict=True):
        assert side * length == pytest.approx(expected, abs=max(0.5, 1.01 / scale))


def test_detect_command_writes_tables_and_coco(detector, photos, tmp_path) -> None:
    for name in ("boxes.csv", "boxes.parquet", "boxes.coco.json"):
        assert detect(detector, photos, "--output", tmp_path / name) == 3
    with (tmp_path / "boxes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["type"], row["x"]) for row in rows] == [
        (str(photos / "a/0.jpg"), "animal", "0.15625"),
        (str(photos / "a/1.jpg"), "animal", "0.02083"),
        (str(photos / "b/2.jpg"), "blank", ""),
    ]
    table = pq.read_table(tmp_path / "boxes.parquet")
    assert table.column_names == list(rows[0])
    assert table["width"].to_pylist() == pytest.approx([0.15625, 0.1875, None])
    coco = json.loads((tmp_path / "boxes.coco.json").read_text())
    assert [one["file_name"] for one in coco["images"]] == ["a/0.jpg", "a/1.jpg", "b/2.jpg"]
    assert [one["bbox"] for one in coco["annotations"]] == [
        [100.0, 50.0, 100.0, 250.0],
        [10.0, 400.0, 90.0, 230.0],
    ]


def test_detect_command_in_shards_gives_the_same_file(detector, photos, tmp_path) -> None:
    whole, merged = tmp_path / "whole.json", tmp_path / "merged.json"
    assert detect(detector, photos, "--output", whole) == 3
    for shard in ("1/2", "2/2"):
        assert detect(detector, photos, "--output", merged, "--shard", shard) in (0, 3)
    parts = sorted(tmp_path.glob("merged.json.part-*-of-2"))
    assert run(["merge", *map(str, parts), "--output", str(merged)]) == 3
    assert boxes_of(merged) == boxes_of(whole)
    assert images_of(merged) == images_of(whole)


def test_detect_command_finds_small_animals_in_tiles(detector, draw_photo, tmp_path) -> None:
    """A rectangle of 6 × 6 pixels of 2,000 is less than a pixel of the input."""
    photo = draw_photo("0.png", (2000, 1500), (1403, 1101, 1409, 1107))
    found = {}
    for tiles in (1, 4):
        output = tmp_path / f"{tiles}.json"
        assert detect(detector, photo, "--output", output, "--tiles", tiles) == 0
        (found[tiles],) = boxes_of(output).values()
    assert found[1] == []
    ((x, y, width, height),) = found[4]
    assert (x * 2000, y * 1500) == pytest.approx((1403, 1101), abs=2)
    assert (width * 2000, height * 1500) == pytest.approx((6, 6), abs=3)


@pytest.mark.parametrize(
    ("size", "rectangle"),
    [
        ((3000, 20), (1000, 0, 1500, 20)),
        ((20, 3000), (0, 1000, 20, 1500)),
        ((3000, 1), (1000, 0, 1500, 1)),
        ((20_000, 2), (8000, 0, 10_000, 2)),
        ((1, 1), (0, 0, 1, 1)),
    ],
)
@pytest.mark.parametrize("tiles", [1, 2, 8])
def test_detect_command_finds_what_thin_photos_show(
    write_bright_detector, draw_photo, tmp_path, size, rectangle, tiles
) -> None:
    """Also where every tile cuts it, and the whole photo is a few rows of pixels."""
    network = write_bright_detector(tmp_path / "small.onnx", (64, 64))
    photo = draw_photo("thin.png", size, rectangle)
    given = ["--output", tmp_path / "boxes.json", "--tiles", tiles]
    assert detect(network, photo, *given) == 0
    (boxes,) = boxes_of(tmp_path / "boxes.json").values()
    left, top, right, bottom = rectangle
    expected = left / size[0], top / size[1], (right - left) / size[0], (bottom - top) / size[1]
    (box,) = boxes
    assert box == pytest.approx(expected, abs=0.2)  # half a pixel of two across


def test_detect_command_takes_one_box_where_tiles_overlap(detector, draw_photo, tmp_path) -> None:
    photo = draw_photo("0.png", (640, 640), (250, 250, 300, 310))
    for tiles in (2, 3):
        output = tmp_path / f"{tiles}.json"
        assert detect(detector, photo, "--output", output, "--tiles", tiles) == 0
        ((box,),) = boxes_of(output).values()
        expected = [250 / 640, 250 / 640, 50 / 640, 60 / 640]
        assert box == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--output", "boxes.txt"], 2, "end its name with '.json', '.csv', '.parquet'"),
        (["--output", "boxes.json", "--format", "voc"], 2, "'voc' is not one of"),
        (["--output", "boxes.json", "--min-confidence", "2"], 2, "not in the range 0<=x<=1"),
        (["--output", "boxes.json", "--tiles", "0"], 2, "not in the range 1<=x<=8"),
        (["--output", "boxes.json", "--min-confidence", "nan"], 2, "nan is not a number"),
        (["--output", "boxes.json", "--tiles", "2", "--overlap", "nan"], 2, "nan is not a number"),
    ],
)
def test_detect_command_refuses_wrong_options(
    detector, photos, arguments, code, message, capsys, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert detect(detector, photos, *arguments) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.glob("boxes*"))


def test_detect_command_never_writes_over_its_inputs(
    detector, photos, model, tmp_path, capsys
) -> None:
    assert detect(detector, photos, "--format", "csv", "--output", detector, "--overwrite") == 2
    assert "is an input as well" in capsys.readouterr().err
    arguments = ["predict", model, photos, "--detector", detector, "--format", "csv"]
    assert run([*map(str, arguments), "--output", str(detector), "--overwrite"]) == 2
    assert "is an input as well" in capsys.readouterr().err
    assert detector.read_bytes()[:1] != b"i"


def test_detect_command_fails_photos_whose_boxes_are_no_numbers(
    tmp_path, draw_photo, write_bright_detector
) -> None:
    """A network that divides by nothing must not make its photos blank."""
    path = write_bright_detector(tmp_path / "bright.onnx", (320, 320))
    network = onnx.load(path)
    for tensor in network.graph.initializer:
        if tensor.name == "half":
            tensor.CopyFrom(numpy_helper.from_array(np.array(np.inf, np.float32), "half"))
    onnx.save(network, path)
    photo = draw_photo("0.jpg", (640, 480), (100, 50, 200, 300))
    assert detect(path, photo, "--output", tmp_path / "boxes.json") == 1
    failures = (tmp_path / "boxes.json.failures.csv").read_text()
    assert "not a number" in failures


def test_detect_command_refuses_a_classifier(model, photos, tmp_path, capsys) -> None:
    assert detect(model, photos, "--output", tmp_path / "boxes.json") == 1
    assert "it is a classifier: give it to `ctc predict`" in capsys.readouterr().err
    assert not list(tmp_path.glob("boxes*"))


def test_predict_command_refuses_a_detector(detector, photos, tmp_path, capsys) -> None:
    assert run(["predict", str(detector), str(photos), "--output", str(tmp_path / "p.csv")]) == 1
    assert "give it to `ctc detect`" in capsys.readouterr().err


def test_detect_command_says_in_a_dry_run_what_it_would_do(detector, photos, tmp_path, capsys):
    assert detect(detector, photos, "--output", tmp_path / "boxes.json", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "bright.onnx: animal, person, vehicle" in printed
    assert not list(tmp_path.glob("boxes*"))


_PAUSING = """
import sys, time
from ctc.cli import main
from ctc.inference.journal.journal import Journal

append = Journal.append


def append_and_pause(journal, result):
    append(journal, result)
    if journal.completed == 2:
        print("reached", flush=True)
        time.sleep(3600)


Journal.append = append_and_pause
main()
"""


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_detect_command_continues_after_a_kill(detector, photos, tmp_path) -> None:
    whole, killed = tmp_path / "whole.csv", tmp_path / "killed.csv"
    assert detect(detector, photos, "--output", whole) == 3
    command = [sys.executable, "-c", _PAUSING, "detect", detector, photos, "--output", killed]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "reached\n"
        process.send_signal(signal.SIGKILL)
    assert not killed.exists()
    assert detect(detector, photos, "--output", killed) == 3
    assert killed.read_bytes() == whole.read_bytes()
