"""Several species per event, from a table with one row each to predictions that show them all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from ctc.artifacts.model.file import ModelInfo
from ctc.cli.main import run

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

SIDE = 32
SEEN = (("fox",), ("hare",), ("fox", "hare"))
TRAIN = (
    "--backbone",
    "small_cnn",
    "--height",
    SIDE,
    "--width",
    SIDE,
    "--epochs",
    8,
    "--batch-size",
    15,
)
LEARN = (
    "--optimizer",
    "adamw",
    "--learning-rate",
    0.005,
    "--color",
    "none",
    "--early-stopping-patience",
    8,
)


def ctc(*arguments: object) -> None:
    assert run([str(argument) for argument in arguments]) == 0


def photo(number: int, seen: tuple[str, ...]) -> Image.Image:
    """Draw a photo: a red square is a fox, a blue one a hare."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(60, 100, (SIDE, SIDE, 3), np.uint8)
    for species, channel, left in (("fox", 0, 2), ("hare", 2, 18)):
        if species in seen:
            pixels[8:20, left : left + 12, channel] += 140
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all outputs of the pipeline.

    It holds photos, events.csv, inventory, dataset, run, model and predictions of the test photos.
    """
    folder = tmp_path_factory.mktemp("several")
    (folder / "new").mkdir()
    lines = ["event,photo,species,part"]
    for number in range(90):
        seen, part = SEEN[number % 3], "train" if number < 60 else "test"
        photo(number, seen).save(folder / f"{number}.png")
        lines += [f"e{number},{number}.png,{species},{part}" for species in seen]
        photo(1000 + number, seen).save(folder / "new" / f"{number:02}.png")
    (folder / "events.csv").write_text("\n".join(lines))
    columns = ("--event-id", "event", "--image", "photo", "--label", "species", "--meta", "part")
    ctc(
        "inventory",
        "csv",
        folder / "events.csv",
        *columns,
        "--output",
        folder / "inventory.parquet",
    )
    kept = ("--split-by", "part", "--keep-multi-observation")
    ctc("dataset", folder / "inventory.parquet", "--output", folder / "dataset", *kept)
    label = ("--label", "species", "--multi-label", "species")
    ctc("train", folder / "dataset", "--output", folder / "run", *label, *TRAIN, *LEARN)
    ctc("export", folder / "run", "--output", folder / "model.onnx")
    ctc("predict", folder / "model.onnx", folder / "new", "--output", folder / "predictions.csv")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_predict_csv_shows_both_species(study: Path) -> None:
    found = rows(study / "predictions.csv")
    right = [
        set(json.loads(row["predictions_present"])) == set(SEEN[i % 3])
        for i, row in enumerate(found)
    ]
    assert np.mean(right) > 0.9


def test_model_file_is_multi_label_with_independent_probabilities(study: Path) -> None:
    session = onnxruntime.InferenceSession(study / "model.onnx", providers=["CPUExecutionProvider"])
    info = ModelInfo.from_metadata(session.get_modelmeta().custom_metadata_map)
    assert info.multi_label == ("species",)
    both = np.asarray(photo(5000, SEEN[2]))[None]
    assert session.run(["species"], {"images": both})[0].sum() > 1.5


def test_train_writes_test_predictions_with_ground_truth(study: Path) -> None:
    held_out = rows(study / "run" / "test_predictions.csv")
    true = [set(json.loads(row["true_species"])) for row in held_out]
    assert true == [set(SEEN[int(row["id"].removeprefix("e")) % 3]) for row in held_out]
    scores = json.loads((study / "run" / "test.json").read_text())["labels"]["species"]
    predicted = [set(json.loads(row["predictions_present"])) for row in held_out]
    assert scores["exact"] == pytest.approx(
        np.mean([one == other for one, other in zip(predicted, true, strict=True)])
    )


def test_predict_other_formats_and_precisions_show_both(study: Path) -> None:
    ctc(
        "export",
        study / "run",
        "--output",
        study / "int8.onnx",
        "--precision",
        "int8",
        "--min-agreement",
        0.8,
    )
    ctc("predict", study / "int8.onnx", study / "new", "--output", study / "predictions.json")
    found = json.loads((study / "predictions.json").read_text(encoding="utf-8"))
    both = [entry for number, entry in enumerate(found.values()) if number % 3 == 2]
    assert (
        np.mean([set(entry["predictions_present"]["species"]) == {"fox", "hare"} for entry in both])
        > 0.8
    )
