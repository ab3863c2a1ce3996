"""`ctc calibrate --detector`: fusion and promises for a detector and a model together."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.cli.main import run
from ctc.images import encode_jpeg
from ctc.runtime.session import load_model

COLOURS = {"fox": (255, 215, 215), "wolf": (215, 215, 255), "blank": None}
CLASSES = tuple(COLOURS)
EVENTS, PLACES = 90, 9


def photo(shown: str, number: int) -> bytes:
    image = Image.new("RGB", (160, 160), (40, 60, 40 + number % 7))
    if COLOURS[shown]:
        left = 5 + number % 40
        ImageDraw.Draw(image).rectangle((left, 20, left + 110, 130), fill=COLOURS[shown])
    return encode_jpeg(np.asarray(image), 95)


def event(number: int) -> EventRecord:
    """Return an event; every tenth animal is not to be seen."""
    name = CLASSES[number % 3]
    shown = "blank" if number % 10 == 4 else name
    return EventRecord(
        f"event {number}",
        (photo(shown, number),),
        ((160, 160),),
        {"species": (CLASSES.index(name),)},
        (f"{number}.jpg",),
        {"location": f"place {number % PLACES}"},
    )


@pytest.fixture
def animals(dataset_of) -> Dataset:
    return dataset_of({"val": [event(number) for number in range(EVENTS)]}, {"species": CLASSES})


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (160, 160))


@pytest.fixture
def calibrate(detector, animals, tmp_path) -> Callable[..., Path]:
    """A function that calibrates a model with the detector, and returns the new file."""

    def start(model: Path, *options: str) -> Path:
        output = tmp_path / "calibrated.onnx"
        given = [model, animals.folder, "--detector", detector, "--output", output]
        assert run(["calibrate", *map(str, given), *options]) == 0
        return output

    return start


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = ["event,image"]
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(event(number).jpegs[0])
        rows.append(f"event {number},{number}.jpg")
    (tmp_path / "events.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "events.csv"


def promises(model: Path, kind: str) -> list[Any]:
    return list(load_model(model).info.promises[kind])


def test_calibrate_with_detector_keeps_what_was_fitted_with_and_without_it(
    build_model, calibrate, capsys
) -> None:
    found = calibrate(build_model(sharpness=40.0, classes=CLASSES), "--blank-loss", "0.4")
    for kind in ("thresholds", "sets", "blanks"):
        detectors = {bool(one["made_for"]["detector"]) for one in promises(found, kind)}
        assert (kind, detectors) == (kind, {False, True})
    (fusion,) = promises(found, "fusion")
    setup = PredictionSetup.from_json(fusion["made_for"])
    assert (setup.detector != "", fusion["classes"][:3]) == (True, list(CLASSES))
    scores = [one["score"] for one in promises(found, "blanks")]
    assert scores == ["classes", "classes and boxes"]
    assert "with the detector: 'species': 90 events of 9 locations" in capsys.readouterr().err


def test_predict_with_the_detector_decides_by_what_was_fitted_with_it(
    build_model, calibrate, detector, table, tmp_path
) -> None:
    found = calibrate(build_model(sharpness=40.0, classes=CLASSES), "--blank-loss", "0.4")
    output = tmp_path / "predictions.csv"
    given = [found, table, "--event-id", "event", "--image", "image", "--output", output]
    options = ["--detector", detector, "--sets", "0.7", "--drop-blanks"]
    assert run(["predict", *map(str, [*given, *options])]) == 0
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["dropped"] for row in rows] == ["false", "false", "true", "false", "true", "true"]


def test_calibrate_with_detector_and_a_taxonomy_fits_the_ranks_of_both(
    build_model, calibrate, tmp_path, capsys
) -> None:
    taxonomy = tmp_path / "taxonomy.csv"
    taxonomy.write_text("label,family,genus\nfox,Canidae,Vulpes\nwolf,Canidae,Canis\n")
    found = calibrate(build_model(sharpness=40.0, classes=CLASSES), "--taxonomy", str(taxonomy))
    used = [bool(one["made_for"]["detector"]) for one in promises(found, "ranks")]
    assert used == [False, False, True]
    assert "with the detector: ranks of 'species', promised for new" in capsys.readouterr().err


def test_calibrate_of_a_model_of_crops_is_fitted_to_what_the_detector_cuts_out(
    build_model, calibrate
) -> None:
    model = build_model(sharpness=40.0, classes=("fox", "wolf", "deer"))
    network = onnx.load(model)
    how = json.dumps(Preprocessing(16, 24, crop_margin=0.1).to_json())
    known = {entry.key: entry.value for entry in network.metadata_props}
    onnx.helper.set_model_props(network, {**known, "preprocessing": how})
    onnx.save(network, model)
    found = calibrate(model)
    info = load_model(found).info
    assert info.calibration["species"]["answers"] < EVENTS
    assert all(one["made_for"]["detector"] for one in promises(found, "thresholds"))


def test_calibrate_needs_a_detector_for_its_options(build_model, animals, tmp_path, capsys) -> None:
    given = [build_model(), animals.folder, "--output", tmp_path / "c.onnx", "--tiles", "2"]
    assert run(["calibrate", *map(str, given)]) == 2
    assert "--detector" in capsys.readouterr().err


@pytest.fixture
def cascade(build_model, calibrate) -> Path:
    """A calibrated model whose green class is blank, for a cascade."""
    model = build_model(sharpness=40.0, classes=("blank", "fox", "wolf"))
    return calibrate(model, "--blank-loss", "0.4", "--cascade")


def test_calibrate_fits_the_cascade_as_a_whole(cascade) -> None:
    alone, searched, second = promises(cascade, "blanks")
    assert (alone["made_for"]["detector"], "skip_above" in searched) == ("", False)
    assert second["made_for"]["detector"] == searched["made_for"]["detector"] + " --cascade"
    assert (second["skip_above"], second["animals"]) == (0.6, 60)
    assert 0.3 <= second["skipped"] <= 0.5
    assert second["lost"] / second["animals"] <= 0.4


def boxes_and_answers(
    model: Path, detector: Path, table: Path, output: Path, *more: str
) -> tuple[list[int], list[dict[str, float]]]:
    """Return how many boxes each photo has, and the answers for events."""
    given = [model, table, "--event-id", "event", "--image", "image", "--output", output]
    assert run(["predict", *map(str, [*given, "--detector", detector]), *more]) == 0
    events = json.loads(output.read_text()).values()
    boxes = [len(photo["boxes"]) for event in events for photo in event["images"]]
    return boxes, [event["aggregated_pred"]["species"] for event in events]


def test_predict_with_a_cascade_answers_as_the_detector_where_it_is_asked(
    cascade, detector, table, tmp_path
) -> None:
    boxes, answers = boxes_and_answers(cascade, detector, table, tmp_path / "all.json")
    more = ("--cascade", "--drop-blanks")
    found = boxes_and_answers(cascade, detector, table, tmp_path / "cascade.json", *more)
    assert boxes == [1, 1, 0, 1, 0, 0]
    assert found[0] == boxes
    assert [max(one, key=one.__getitem__) for one in found[1]] == [
        max(one, key=one.__getitem__) for one in answers
    ]


def test_predict_with_a_cascade_does_not_search_photos_that_are_surely_blank(
    cascade, detector, table, tmp_path
) -> None:
    network = onnx.load(cascade)
    known = {entry.key: entry.value for entry in network.metadata_props}
    fitted = json.loads(known["promises"])
    fitted["blanks"][2]["skip_above"] = 0.01  # the blank probability of foxes is 0.015
    onnx.helper.set_model_props(network, {**known, "promises": json.dumps(fitted)})
    onnx.save(network, cascade)
    output = tmp_path / "cascade.json"
    boxes, _ = boxes_and_answers(cascade, detector, table, output, "--cascade")
    assert boxes == [0, 0, 0, 0, 0, 0]


def test_predict_refuses_a_cascade_that_was_not_fitted(
    build_model, calibrate, detector, table, tmp_path, capsys
) -> None:
    model = calibrate(build_model(sharpness=40.0, classes=CLASSES), "--blank-loss", "0.4")
    given = [model, table, "--event-id", "event", "--image", "image", "--detector", detector]
    assert run(["predict", *map(str, given), "--output", str(tmp_path / "p.csv"), "--cascade"]) == 2
    assert "--cascade needs a model that `ctc calibrate --detector" in capsys.readouterr().err


def test_calibrate_refuses_a_cascade_without_a_promise_about_blanks(
    build_model, animals, detector, tmp_path, capsys
) -> None:
    given = [build_model(), animals.folder, "--output", tmp_path / "c.onnx", "--cascade"]
    assert run(["calibrate", *map(str, [*given, "--detector", detector])]) == 2
    assert "--cascade needs --detector and --blank-loss" in capsys.readouterr().err
