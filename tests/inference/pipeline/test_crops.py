"""Models that were trained on photos cropped to a detector's boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.artifacts.predictions import EventPrediction
from ctc.cli.main import run
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin.manager import plugins

BOX = (0.6, 0.6, 0.2, 0.2)
"""Around the red square of `photo`."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A blue photo with a small red square."""
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[..., 2] = 255
    pixels[240:320, 240:320] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=95, subsampling=0)
    return tmp_path / "a.jpg"


@pytest.fixture
def inventory(photo: Path, tmp_path: Path) -> Path:
    """Two events with that photo twice: the box of one photo only, and no box at all."""
    boxes = {
        f"box_{side}": [[value, None], [None, None]]
        for side, value in zip("xywh", BOX, strict=True)
    }
    columns = {
        "event_id": ["boxed", "whole"],
        "images": [["a.jpg", "./a.jpg"]] * 2,
        "species": ["fox", "fox"],
        "box_conf": [[0.9, None], [None, None]],
        **boxes,
    }
    Inventory(pa.table(columns), ("species",), tmp_path).write(tmp_path / "i.parquet")
    return tmp_path / "i.parquet"


def predict(model: Path, source: Path, tmp_path: Path) -> list[EventPrediction]:
    run = prepare_run(PredictConfig(model, (source,), tmp_path / "p.csv"), plugins())
    return [one.prediction for one in run.source.predict(run.source.shard_events())]


def species(model: Path, source: Path, tmp_path: Path) -> list[list[str]]:
    """Per event and photo, what it shows."""
    events = predict(model, source, tmp_path)
    return [[event.top("species", photo)[0] for photo in event.images] for event in events]


def test_predict_crops_photos_to_their_box(build_model, inventory, tmp_path) -> None:
    assert species(build_model(crop_margin=0.0), inventory, tmp_path) == [
        ["fox", "wolf"],
        ["wolf", "wolf"],
    ]


def test_predict_uses_crop_margin_of_the_model(build_model, inventory, tmp_path) -> None:
    """So wide that there is more blue than red."""
    assert species(build_model(crop_margin=1.0), inventory, tmp_path) == [
        ["wolf", "wolf"],
        ["wolf", "wolf"],
    ]


def test_predict_ignores_boxes_for_model_of_whole_photos(build_model, inventory, tmp_path) -> None:
    assert species(build_model(), inventory, tmp_path) == [["wolf", "wolf"], ["wolf", "wolf"]]


def test_predict_crops_each_stacked_photo(build_model, inventory, tmp_path) -> None:
    """Red is darker than blue is as grey, and the last photo comes twice."""
    model = build_model(crop_margin=0.0, image_choice="grayscale_stacking")
    boxed, whole = predict(model, inventory, tmp_path)
    assert boxed.top("species")[1] > whole.top("species")[1]


def test_predict_command_prints_crops_note_and_omits_box_columns(
    build_model, inventory, tmp_path, capsys
) -> None:
    output = tmp_path / "p.csv"
    assert (
        run(["predict", str(build_model(crop_margin=0.1)), str(inventory), "--output", str(output)])
        == 0
    )
    assert "box_" not in output.read_text()
    assert "the model learnt from photos cut to a detector's boxes" in capsys.readouterr().err


def test_inventory_rows_of_one_event_keep_their_boxes(build_model, photo, tmp_path) -> None:
    boxes = {f"box_{side}": [[None], [value]] for side, value in zip("xywh", BOX, strict=True)}
    columns = {
        "event_id": ["1", "1"],
        "images": [["a.jpg"], ["b.jpg"]],
        "species": ["fox", "fox"],
        "box_conf": [[0.9, None], [None, None]],
        **boxes,
    }
    photo.with_name("b.jpg").write_bytes(photo.read_bytes())
    Inventory(pa.table(columns), ("species",), tmp_path).write(tmp_path / "i.parquet")
    assert species(build_model(crop_margin=0.0), tmp_path / "i.parquet", tmp_path) == [
        ["wolf", "fox"]
    ]
