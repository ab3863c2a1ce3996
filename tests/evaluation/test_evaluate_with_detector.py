"""`ctc evaluate MODEL DATASET --detector`: the detector finds the animals, the model names them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.evaluation.answers.score_boxes import as_predicted
from ctc.images import encode_jpeg

COLOURS = {"fox": (255, 215, 215), "wolf": (215, 215, 255), "deer": (215, 255, 215), None: None}
DATASET_CLASSES = ("blank", "deer", "fox", "wolf")
EVENTS = {
    "fox in one of two photos": ("fox", ["fox", None]),
    "wolf": ("wolf", ["wolf"]),
    "fox that looks like a wolf": ("fox", ["wolf", "wolf"]),
    "deer": ("deer", ["deer"]),
    "blank": ("blank", [None, None]),
    "deer that is not found": ("deer", [None]),
}
"""By event id: the label, and what each photo shows."""


def photo(shown: str | None) -> bytes:
    image = Image.new("RGB", (320, 240), (40, 60, 40))
    if shown:
        ImageDraw.Draw(image).rectangle((80, 60, 159, 139), fill=COLOURS[shown])
    return encode_jpeg(np.asarray(image), 95)


def record(event_id: str, number: int, photos: list[str | None]) -> EventRecord:
    return EventRecord(
        event_id,
        tuple(map(photo, photos)),
        ((240, 320),) * len(photos),
        {"species": (number,)},
        tuple(f"{event_id}/{place}.jpg" for place in range(len(photos))),
        {"location": "north" if len(photos) == 1 else "south"},
    )


@pytest.fixture
def animals(dataset_of) -> Callable[..., Dataset]:
    """A function that writes a dataset of EVENTS; `blank`: the name of its first class."""

    def write(blank: str = "blank") -> Dataset:
        events = [
            record(event_id, DATASET_CLASSES.index(name), photos)
            for event_id, (name, photos) in EVENTS.items()
        ]
        return dataset_of({"test": events}, {"species": (blank, *DATASET_CLASSES[1:])})

    return write


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


@pytest.fixture
def model(build_model) -> Path:
    """Names animals alone: deer are green, foxes red, wolves blue."""
    return build_model(sharpness=40.0, classes=("deer", "fox", "wolf"))


@pytest.fixture
def evaluate(model, detector, tmp_path) -> Callable[..., int]:
    """A function that evaluates into `tmp_path`/e, and returns the exit code."""

    def start(dataset: Dataset, *options: object) -> int:
        given = [model, dataset.folder, "--detector", detector, "--output", tmp_path / "e"]
        return run(["evaluate", *map(str, [*given, *options])])

    return start


def metrics(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text())


def species(folder: Path, unit: str = "event") -> Any:
    return metrics(folder)["labels"]["species"]["units"][unit]


def test_evaluate_with_detector_names_boxes_and_calls_photos_without_blank(
    evaluate, animals, tmp_path
) -> None:
    assert evaluate(animals()) == 0
    label = metrics(tmp_path / "e")["labels"]["species"]
    assert label["classes"] == ["deer", "fox", "wolf", "blank", "human", "vehicle"]
    events, photos = label["units"]["event"], label["units"]["photo"]
    assert [row[:4] for row in events["confusion"][:4]] == [
        [1, 0, 0, 1],
        [0, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    assert [row[:4] for row in photos["confusion"][:4]] == [
        [1, 0, 0, 1],
        [0, 1, 2, 1],
        [0, 0, 1, 0],
        [0, 0, 0, 2],
    ]
    subject = metrics(tmp_path / "e")["subject"]
    assert (subject["model"], subject["detector"]) == ("model.onnx", "bright.onnx")


@pytest.mark.parametrize("aggregation", ["mean", "max"])
def test_evaluate_with_detector_has_the_figures_of_predict_and_evaluate(
    evaluate, animals, model, detector, tmp_path, aggregation
) -> None:
    dataset = animals()
    given = ["--flips", "--aggregation", aggregation]
    assert evaluate(dataset, *given) == 0
    inventory = write_inventory(tmp_path / "inventory.parquet")
    predicted = ["--detector", str(detector), "--output", str(tmp_path / "p.json"), *given]
    assert run(["predict", str(model), str(inventory), *predicted]) == 0
    compared = ["--truth", str(inventory), "--output", str(tmp_path / "of_predictions")]
    assert run(["evaluate", str(tmp_path / "p.json"), *compared]) == 0
    for unit in ("event", "photo"):
        own, other = species(tmp_path / "e", unit), species(tmp_path / "of_predictions", unit)
        for name in ("n", "confusion", "top_1", "top_5", "macro", "classes"):
            assert own[name] == other[name]
        # a prediction file has fewer digits
        assert own["reliability"]["brier"] == pytest.approx(other["reliability"]["brier"], abs=1e-4)


def write_inventory(path: Path) -> Path:
    """Write the photos of EVENTS as files, byte by byte those of the dataset."""
    rows = []
    for event_id, (name, photos) in EVENTS.items():
        images = [f"{event_id}/{place}.jpg" for place in range(len(photos))]
        for image, shown in zip(images, photos, strict=True):
            (path.parent / image).parent.mkdir(exist_ok=True)
            (path.parent / image).write_bytes(photo(shown))
        location = "north" if len(photos) == 1 else "south"
        row = {"event_id": event_id, "images": images, "species": name, "location": location}
        rows.append(row)
    Inventory(pa.Table.from_pylist(rows), ("species",), path.parent).write(path)
    return path


def test_evaluate_with_detector_matches_the_datasets_name_for_blank(
    evaluate, animals, tmp_path, capsys
) -> None:
    assert evaluate(animals("Nothing here")) == 0
    assert "'Nothing here' of the dataset's label 'species' counts as 'blank'" in (
        capsys.readouterr().err
    )
    found = species(tmp_path / "e")
    assert (found["n"], found["foreign"], found["confusion"][3][3]) == (6, 0, 1)


def test_as_predicted_keeps_animals_and_known_names() -> None:
    label = Label("species", ("empty", "ranger", "person", "car", "fox"), {})
    classes = ("fox", "empty", "human")
    assert as_predicted(label, classes).classes == ("empty", "ranger", "human", "car", "fox")


def test_evaluate_with_detector_takes_only_sure_boxes(evaluate, animals, tmp_path) -> None:
    assert evaluate(animals(), "--min-confidence", "0.95") == 0
    assert [one["predicted"] for one in species(tmp_path / "e")["classes"]] == [0, 0, 0, 6, 0, 0]


def test_evaluate_with_detector_draws_boxes_into_its_report(evaluate, animals, tmp_path) -> None:
    assert evaluate(animals()) == 0
    text = (tmp_path / "e" / "report.html").read_text(encoding="utf-8")
    assert "The detector “bright.onnx” found the animals." in text
    outlined = [has_outline(uri) for uri in re.findall(r"image/jpeg;base64,([^\"]+)", text)]
    assert any(outlined)
    assert not all(outlined)


def has_outline(encoded: str) -> bool:
    red, green, blue = np.asarray(Image.open(BytesIO(base64.b64decode(encoded)))).T.astype(int)
    return bool(((red > 180) & (green > 140) & (blue < 100)).any())


def test_evaluate_with_detector_says_that_photos_are_small_for_it(
    evaluate, animals, capsys
) -> None:
    dataset = animals()
    shrunk = {**dataset.manifest.shrink, "smallest_side": 240}
    replace(dataset, manifest=replace(dataset.manifest, shrink=shrunk)).save()
    assert evaluate(dataset) == 0
    assert "smaller than" not in capsys.readouterr().err  # 320 pixels wide, as the detector takes
    assert evaluate(dataset, "--tiles", "2", "--overwrite") == 0
    assert (
        "9 photos are smaller than the 576 × 576 pixels that the detector takes, since "
        "`ctc dataset` shrank photos to 240" in capsys.readouterr().err
    )


def test_evaluate_with_detector_leaves_thresholds_out(
    build_model, detector, animals, tmp_path, capsys
) -> None:
    model = build_model(
        classes=("deer", "fox", "wolf"), thresholds={"species": {"fox": 0.999, "wolf": None}}
    )
    given = [model, animals().folder, "--detector", detector, "--output", tmp_path / "e"]
    assert run(["evaluate", *map(str, given)]) == 0
    printed = capsys.readouterr().err
    assert "the model's thresholds were fitted without a detector and are left out" in printed
    assert "the model learnt from whole photos" in printed
    assert species(tmp_path / "e")["automation"]["thresholds"] is None


def test_evaluate_with_detector_names_a_damaged_photo(
    evaluate, dataset_of, tmp_path, capsys
) -> None:
    whole = record("e", 2, ["fox", "fox"])
    damaged = replace(whole, jpegs=(whole.jpegs[0], whole.jpegs[1][:600]))
    dataset = dataset_of({"test": [damaged]}, {"species": DATASET_CLASSES})
    assert evaluate(dataset) == 3
    assert "at offset 0: photo 'e/1.jpg' of event 'e': " in capsys.readouterr().err
    assert species(tmp_path / "e", "photo")["n"] == 1


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--explain", "3"], 2, "--explain shows what a model sees in whole photos: leave it out"),
        (["--detector", "{model}"], 1, "it is a classifier: give it to `ctc predict`"),
        (["--detector", "missing.onnx"], 2, "'missing.onnx' is not there"),
        (["--split", "tset"], 2, "has no split called 'tset': did you mean 'test'?"),
        (["--aggregation", "maen"], 2, "did you mean 'mean'"),
    ],
)
def test_evaluate_with_detector_refuses_what_does_not_fit(
    evaluate, animals, model, tmp_path, capsys, options, code, message
) -> None:
    given = [str(model) if option == "{model}" else option for option in options]
    assert evaluate(animals(), *given) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_evaluate_with_detector_refuses_a_dataset_of_crops(
    evaluate, animals, tmp_path, capsys
) -> None:
    dataset = animals()
    cut = {**dataset.manifest.shrink, "crop_margin": 0.1}
    replace(dataset, manifest=replace(dataset.manifest, shrink=cut)).save()
    assert evaluate(dataset) == 2
    error = capsys.readouterr().err
    assert "holds animals that are cut out already (`ctc dataset --crop-box`)" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "e").exists()


def test_evaluate_with_detector_refuses_a_model_that_stacks_photos(
    build_model, detector, animals, tmp_path, capsys
) -> None:
    stacked = build_model("stacked.onnx", image_choice="grayscale_stacking")
    given = [stacked, animals().folder, "--detector", detector, "--output", tmp_path / "e"]
    assert run(["evaluate", *map(str, given)]) == 2
    assert "it can't be used with --detector" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["p.csv", "--truth", "i.parquet", "--detector", "d.onnx"],
            "--split, --explain, --flips and --detector need a model and a DATASET",
        ),
        (
            ["m.onnx", "dataset", "--min-confidence", "0.5"],
            "--min-confidence is about the boxes of a detector: add --detector",
        ),
    ],
)
def test_evaluate_refuses_options_of_a_detector_where_there_is_none(
    tmp_path, capsys, arguments, message
) -> None:
    assert run(["evaluate", *arguments, "--output", str(tmp_path / "e")]) == 2
    assert message in capsys.readouterr().err
