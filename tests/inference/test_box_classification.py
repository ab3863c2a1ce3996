"""`ctc predict --detector`: every box gets its answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.label_schema import LabelSchema
from ctc.cli.main import run
from ctc.images.crop import square_around
from ctc.inference.animal_crops import MARGIN
from ctc.inference.box_classification import BoxSchema
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.inference.run.stats import RunStats
from ctc.plugin.manager import plugins

DARK, BRIGHT_RED, BRIGHT_BLUE = (40, 60, 40), (255, 230, 230), (230, 230, 255)


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


@pytest.fixture
def person_detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "person.onnx", (320, 320), category=1)


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    def save(name: str, *parts: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> Path:
        photo = Image.new("RGB", (640, 480), DARK)
        for (left, top, right, bottom), color in parts:
            ImageDraw.Draw(photo).rectangle((left, top, right - 1, bottom - 1), fill=color)
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo.save(path)
        return path

    return save


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def answers(output: Path, event: str) -> dict[str, dict[str, float]]:
    """Per label the probabilities of an event."""
    with output.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"] == event]
    return {row["label"]: json.loads(row["predictions_all"]) for row in rows}


def expected_fox(photo: Path, box: Box) -> float:
    """The answer of the tests' model for the crop, a slow reference: exp of the mean colour."""
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    place = square_around(box, *pixels.shape[:2], MARGIN)
    crop = pixels[place.top : place.top + place.height, place.left : place.left + place.width]
    red, _, blue = crop.reshape(-1, 3).mean(axis=0) / 255
    return float(1 / (1 + np.exp(blue - red)))


def test_predict_command_classifies_the_square_around_a_box(
    detector, model, draw, tmp_path
) -> None:
    photo = draw("0.png", ((100, 60, 200, 160), BRIGHT_RED))
    draw("1.png")
    output = tmp_path / "p.csv"
    assert predict(model, photo.parent, "--detector", detector, "--output", output) == 0
    seen, empty = (answers(output, str(photo.parent / name)) for name in ("0.png", "1.png"))
    box = Box(100 / 640, 60 / 480, 100 / 640, 100 / 480)
    fox = expected_fox(photo, box)
    assert seen["species"]["fox"] == pytest.approx(fox, abs=0.002)
    assert seen["species"]["blank"] == 0
    assert empty["species"] == {"fox": 0, "wolf": 0, "blank": 1, "human": 0, "vehicle": 0}


def test_people_are_what_the_detector_says(person_detector, model, draw, tmp_path) -> None:
    photo = draw("0.png", ((100, 60, 200, 160), BRIGHT_RED))
    output = tmp_path / "p.csv"
    assert predict(model, photo, "--detector", person_detector, "--output", output) == 0
    found = answers(output, str(photo))
    assert found["species"]["human"] == found["count"]["human"] == 1


def test_event_is_combined_box_by_box_and_blank_photos_give_way(
    detector, model, draw, tmp_path
) -> None:
    draw("a.png", ((100, 60, 200, 160), BRIGHT_RED))
    draw("b.png", ((300, 100, 420, 220), BRIGHT_BLUE))
    draw("c.png")
    table = tmp_path / "t.csv"
    table.write_text("event,photo\n1,a.png\n1,b.png\n1,c.png\n", encoding="utf-8")
    columns = ["--event-id", "event", "--image", "photo", "--image-root", tmp_path / "photos"]
    output = tmp_path / "p.csv"
    assert predict(model, table, *columns, "--detector", detector, "--output", output) == 0
    boxes = [
        (tmp_path / "photos/a.png", Box(100 / 640, 60 / 480, 100 / 640, 100 / 480)),
        (tmp_path / "photos/b.png", Box(300 / 640, 100 / 480, 120 / 640, 120 / 480)),
    ]
    mean = np.mean([expected_fox(*one) for one in boxes])
    answer = answers(output, "1")["species"]
    assert answer["fox"] == pytest.approx(mean, abs=0.002)
    assert answer["blank"] == 0


def test_photos_keep_their_boxes_with_answers(detector, model, draw, tmp_path) -> None:
    photo = draw("0.png", ((100, 60, 200, 160), BRIGHT_RED))
    config = PredictConfig(model, (photo,), tmp_path / "p.json", detector=detector)
    prepared = prepare_run(config, plugins())
    with prepared.source.open(RunStats(lambda *_: None, None, "predicted")) as results:
        (result,) = list(results.results)
    (image,) = result.prediction.images
    ((detection, probabilities),) = [(one.detection, one.probabilities) for one in image.boxes]
    assert isinstance(detection, Detection)
    assert detection.box.x == pytest.approx(100 / 640, abs=0.004)
    assert detection.box.confidence == pytest.approx(0.9)
    assert probabilities["species"].tolist() == image.probabilities["species"].tolist()


def test_predict_command_with_a_detector_in_shards_gives_the_same_file(
    detector, model, draw, tmp_path
) -> None:
    for number in range(4):
        draw(f"{number}.png", ((100, 60, 200 + 20 * number, 160), BRIGHT_RED))
    photos, whole, merged = tmp_path / "photos", tmp_path / "whole.json", tmp_path / "merged.json"
    assert predict(model, photos, "--detector", detector, "--output", whole) == 0
    for shard in ("1/2", "2/2"):
        code = predict(
            *(model, photos, "--detector", detector, "--output", merged, "--shard", shard)
        )
        assert code == 0
    parts = sorted(tmp_path.glob("merged.json.part-*"))
    assert run(["merge", *map(str, parts), "--output", str(merged)]) == 0
    assert merged.read_bytes() == whole.read_bytes()


def test_other_boxes_are_another_run(detector, model, draw, tmp_path, capsys) -> None:
    photo = draw("0.png", ((100, 60, 200, 160), BRIGHT_RED))
    given = [model, photo, "--output", tmp_path / "p.csv", "--shard", "1/1"]
    assert predict(*given, "--detector", detector) == 0
    assert predict(*given, "--detector", detector, "--min-confidence", "0.5") == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--min-confidence", "0.5"], 2, "--min-confidence is about the boxes of a detector"),
        (["--cascade"], 2, "--cascade is about the boxes of a detector: add --detector"),
        (["--per-box"], 2, "--per-box needs boxes: predict with --detector"),
        (["--detector", "missing.onnx"], 2, "'missing.onnx' is not there"),
        (["--detector", "{model}"], 1, "it is a classifier: give it to `ctc predict`"),
        (["--detector", "{detector}", "--decode", "gpu"], 2, "--detector needs --decode cpu"),
    ],
)
def test_predict_command_refuses_what_does_not_fit(
    detector, model, draw, tmp_path, capsys, monkeypatch, arguments, code, message
) -> None:
    monkeypatch.chdir(tmp_path)
    photo = draw("0.png")
    names = {"{model}": model, "{detector}": detector}
    given = [names.get(argument, argument) for argument in arguments]
    assert predict(model, photo, "--output", tmp_path / "p.csv", *given) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "p.csv").exists()


def test_models_that_stack_photos_take_no_detector(
    detector, build_model, draw, tmp_path, capsys
) -> None:
    stacked = build_model("stacked.onnx", image_choice="grayscale_stacking")
    photo = draw("0.png")
    code = predict(stacked, photo, "--detector", detector, "--output", tmp_path / "p.csv")
    assert code == 2
    assert "it can't be used with --detector" in capsys.readouterr().err


def test_schema_gets_the_classes_that_the_detector_says() -> None:
    schema = LabelSchema(
        {"species": ("fox", "empty"), "behaviour": ("rests", "eats"), "count": ("1", "2")},
        {"species": (0.5, 0.25)},
        ("behaviour",),
    )
    boxes = BoxSchema.extend(schema, ["animal", "human"])
    assert boxes.schema.labels == {
        "species": ("fox", "empty", "human"),
        "behaviour": ("rests", "eats"),
        "count": ("1", "2", "blank", "human"),
    }
    assert boxes.schema.thresholds == {"species": (0.5, 0.25, 0.0)}
    said = {label: values.tolist() for label, values in boxes.said("blank").items()}
    assert said == {"species": [0, 1, 0], "behaviour": [0, 0], "count": [0, 0, 1, 0]}
