"""`--update` with boxes, and of clips."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from changing_photos import output_files, run_ctc
from drawn_clips import write_clip
from PIL import Image, ImageDraw

from ctc.artifacts.inventory import Inventory


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A folder of three dark photos with a bright animal each."""
    for number in range(3):
        shown = Image.new("RGB", (640, 480), (40, 60, 40))
        left = 80 + 100 * number
        ImageDraw.Draw(shown).rectangle((left, 100, left + 90, 200), fill=(255, 230, 230))
        (tmp_path / "animals").mkdir(exist_ok=True)
        shown.save(tmp_path / "animals" / f"{number}.png")
    return tmp_path / "animals"


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


def test_update_with_a_detector(model, detector, animals, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.json", tmp_path / "whole" / "p.json"
    predict = ["predict", model, animals, "--detector", detector]
    assert run_ctc(*predict, "--output", output, "--update", output) == 0
    (animals / "1.png").rename(animals / "4.png")
    shutil.copy(animals / "0.png", animals / "5.png")
    assert run_ctc(*predict, "--output", output, "--update", output) == 0
    assert ": 0 in " in capsys.readouterr().err
    assert run_ctc(*predict, "--output", whole) == 0
    assert output_files(output) == output_files(whole)
    assert len(json.loads(output.read_text())) == 4


def test_update_with_repeats_searches_moved_photos_again(
    detector, animals, tmp_path, capsys
) -> None:
    boxes, repeats = tmp_path / "boxes.json", tmp_path / "repeats"
    output, whole = tmp_path / "p.json", tmp_path / "whole" / "p.json"
    for number in range(20):
        shutil.copy(animals / "0.png", animals / f"same{number}.png")
    assert run_ctc("detect", detector, animals, "--output", boxes) == 0
    find = ["detect", "repeats", boxes, "--image-root", animals, "--output", repeats]
    assert run_ctc(*find) == 0
    detect = ["detect", detector, animals, "--repeats", repeats / "repeats.json"]
    assert run_ctc(*detect, "--output", output, "--update", output) == 0
    (tmp_path / "animals" / "moved").mkdir()
    (animals / "same3.png").rename(animals / "moved" / "same3.png")
    capsys.readouterr()
    assert run_ctc(*detect, "--output", output, "--update", output) == 0
    assert "from 23 photos: 1 in " in capsys.readouterr().err
    assert run_ctc(*detect, "--output", whole) == 0
    assert boxes_of(output) == boxes_of(whole)
    set_aside = {
        one["file"]: any("repeat" in box for box in one["detections"]) for one in boxes_of(output)
    }
    assert set_aside["same2.png"]
    assert not set_aside["moved/same3.png"]


def boxes_of(output: Path) -> list[dict[str, Any]]:
    """The images of a file of boxes, whose other part has the time of its run."""
    found: list[dict[str, Any]] = json.loads(output.read_text())["images"]
    return found


def test_update_compares_the_boxes_of_an_inventory(build_model, photos, tmp_path, capsys) -> None:
    """A model that was trained on crops sees what is in the box."""
    model, table = build_model(crop_margin=0.1), tmp_path / "inventory.parquet"

    def predict(x: float, output: Path, *more: object) -> bytes:
        boxes = {"box_x": [[x]], "box_y": [[0.1]], "box_w": [[0.3]], "box_h": [[0.3]]}
        columns = {"event_id": ["1"], "images": [["a/00_1.jpg"]], "species": ["fox"], **boxes}
        Inventory(pa.table(columns), ("species",), photos).write(table)
        assert run_ctc("predict", model, table, "--output", output, *more) == 0
        return output.read_bytes()

    output, update = tmp_path / "p.json", ["--update", tmp_path / "p.json"]
    predict(0.1, output, *update)
    predict(0.1, output, *update)
    assert "from 1 photo: 0 in " in capsys.readouterr().err
    assert predict(0.5, output, *update) == predict(0.5, tmp_path / "whole.json")
    assert "from 1 photo: 1 in " in capsys.readouterr().err


def test_update_compares_clips_as_files(model, tmp_path, capsys) -> None:
    folder, output, whole = tmp_path / "cam", tmp_path / "p.json", tmp_path / "whole" / "p.json"
    folder.mkdir()
    write_clip(folder / "a.mp4", 15)
    write_clip(folder / "b.mp4", 20)
    update = ["predict", model, folder, "--output", output, "--update", output]
    assert run_ctc(*update) == 0
    (folder / "a.mp4").rename(folder / "c.mp4")
    write_clip(folder / "b.mp4", 25)
    capsys.readouterr()
    assert run_ctc(*update) == 0
    assert "2 events predicted from 5 photos: 3 in " in capsys.readouterr().err
    assert run_ctc("predict", model, folder, "--output", whole) == 0
    assert output_files(output) == output_files(whole)
