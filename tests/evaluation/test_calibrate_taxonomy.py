"""`ctc calibrate --taxonomy`, then `ctc predict --roll-up`: the whole way, by colours."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.cli.main import run
from ctc.images import encode_jpeg
from ctc.runtime.session import load_model

TAXONOMY = (
    "class,family,genus,common name,gbif\nfox,Canidae,Vulpes,red fox,1\nwolf,Canidae,Canis,,\n"
    "coyote,Canidae,Canis,,\nCanidae,Canidae,,dogs,9701\n"
)
CLASSES = ("empty", "fox", "wolf", "coyote")
COLORS = {"empty": (40, 200, 40), "fox": (155, 40, 155), "wolf": (155, 40, 155)}


def photo_of(shown: str, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(-30, 30, (16, 24, 3))
    return np.clip(np.array(COLORS[shown]) + noise, 0, 255).astype(np.uint8)


def event(number: int) -> EventRecord:
    """Return an event, every fifth of a coyote, which the model does not know."""
    name = ("empty", "fox", "wolf", "fox", "coyote")[number % 5]
    photo = photo_of({"coyote": "wolf"}.get(name, name), number)
    return EventRecord(
        event_id=f"val-{number}",
        jpegs=(encode_jpeg(photo, 95),),
        sizes=((16, 24),),
        labels={"species": (CLASSES.index(name),)},
        paths=(f"{number}.jpg",),
        meta={"location": f"camera {number // 5}"},
    )


@pytest.fixture
def canids(dataset_of) -> Dataset:
    """150 events at 30 locations; foxes and wolves look alike."""
    return dataset_of({"val": [event(number) for number in range(150)]}, {"species": CLASSES})


@pytest.fixture
def calibrate(build_model, canids, tmp_path) -> Callable[[], Path]:
    """A function that calibrates a model with the taxonomy, and returns the new file."""

    def calibrate() -> Path:
        (tmp_path / "taxonomy.csv").write_text(TAXONOMY)
        arguments = ["--taxonomy", str(tmp_path / "taxonomy.csv"), "--precision", "0.8"]
        output = tmp_path / "c.onnx"
        command = ["calibrate", str(build_model()), str(canids.folder), "--output", str(output)]
        assert run([*command, *arguments]) == 0
        return output

    return calibrate


@pytest.fixture
def calibrated(calibrate) -> Path:
    """The calibrated model."""
    return calibrate()


def test_calibrate_keeps_the_taxonomy_and_what_ranks_promise(calibrate, capsys) -> None:
    info = load_model(calibrate()).info
    assert sorted(info.taxonomy["species"]) == ["Canidae", "coyote", "fox", "wolf"]
    event_ranks, photo_ranks = info.promises["ranks"]
    assert event_ranks["made_for"]["unit"] == "event"
    assert photo_ranks["made_for"]["unit"] == "photo"
    assert event_ranks["scope"] == "new locations"
    family = event_ranks["ranks"]["family"]
    assert (family["answers"], family["accepted"], family["precision"]) == (120, 120, 1.0)
    assert event_ranks["ranks"]["genus"]["threshold"] is None
    printed = capsys.readouterr().err
    assert "  family: from " in printed
    assert "120 of 120 events that no lower rank answers, 100.0% of them right" in printed


def test_predict_answers_with_the_family_and_its_names(calibrated, tmp_path, capsys) -> None:
    photo = tmp_path / "new.png"
    Image.fromarray(photo_of("wolf", 999)).save(photo)
    output = tmp_path / "p.csv"
    assert run(["predict", str(calibrated), str(photo), "--roll-up", "--output", str(output)]) == 0
    with output.open(newline="") as file:
        (row,) = csv.DictReader(file)
    names = ("prediction_top", "rank", "scientific_name", "common_name", "taxon_id", "lineage")
    assert [row[name] for name in names] == [
        "Canidae",
        "family",
        "Canidae",
        "dogs",
        "https://www.gbif.org/species/9701",
        "Animalia;;;;Canidae;;",
    ]
    assert float(row["confidence_top"]) > 0.8
    assert "'species': 1 event answered, 1 at the rank 'family'" in capsys.readouterr().err


def test_predict_in_shards_is_merged_to_the_same_bytes(calibrated, tmp_path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("wolf", "empty", "fox")):
        Image.fromarray(photo_of(name, number)).save(folder / f"{number}.png")
    output = tmp_path / "p.csv"
    command = ["predict", str(calibrated), str(folder), "--roll-up", "--output", str(output)]
    assert run([*command, "--shard", "1/2"]) == run([*command, "--shard", "2/2"]) == 0
    parts = [f"{output}.part-{number}-of-2" for number in (1, 2)]
    assert run(["merge", *parts, "--output", str(tmp_path / "merged.csv")]) == 0
    assert run(command) == 0
    assert (tmp_path / "merged.csv").read_bytes() == output.read_bytes()
    with output.open(newline="") as file:
        answers = [row["prediction_top"] for row in csv.DictReader(file)]
    assert answers == ["Canidae", "empty", "Canidae"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--threshold", "0.5"], "--roll-up and --threshold exclude each other"),
        (
            ["--flips"],
            "the model's ranks were fitted for another way to predict (here: with --flips)",
        ),
    ],
)
def test_predict_refuses_what_the_ranks_were_not_fitted_for(
    calibrated, tmp_path, capsys, more, message
) -> None:
    photo = tmp_path / "new.png"
    Image.fromarray(photo_of("wolf", 999)).save(photo)
    output = tmp_path / "p.csv"
    command = ["predict", str(calibrated), str(photo), "--roll-up", "--output", str(output)]
    assert run([*command, *more]) != 0
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_predict_refuses_a_model_without_ranks(build_model, tmp_path, capsys) -> None:
    photo = tmp_path / "new.png"
    Image.fromarray(photo_of("wolf", 999)).save(photo)
    output = str(tmp_path / "p.csv")
    command = ["predict", str(build_model()), str(photo), "--roll-up", "--output", output]
    assert run(command) == 2
    assert "--roll-up needs a model with ranks that `ctc calibrate` fitted" in (
        capsys.readouterr().err
    )


def test_evaluate_tells_the_accuracy_by_rank_of_models_and_files(
    calibrated, canids, tmp_path, capsys
) -> None:
    folder = tmp_path / "evaluation"
    model = ["evaluate", str(calibrated), str(canids.folder), "--split", "val"]
    assert run([*model, "--output", str(folder)]) == 0
    units = json.loads((folder / "metrics.json").read_text())["labels"]["species"]["units"]
    by_rank = {one["name"]: one["top_1"]["value"] for one in units["event"]["ranks"]}
    assert list(by_rank) == ["genus", "family", "kingdom"]
    assert by_rank["genus"] < by_rank["family"] == 1
    assert "by rank, per event: genus" in capsys.readouterr().err
    assert "Accuracy by rank" in (folder / "report.html").read_text()


def test_evaluate_says_of_a_taxonomy_that_names_no_class(calibrated, canids, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("class,genus\ntapir,Tapirus\n")
    model = ["evaluate", str(calibrated), str(canids.folder), "--split", "val"]
    taxonomy = ["--taxonomy", str(tmp_path / "other.csv")]
    assert run([*model, "--output", str(tmp_path / "e"), *taxonomy]) == 1
    assert "has a lineage for no class of the model" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()
