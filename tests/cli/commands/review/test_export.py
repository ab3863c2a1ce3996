"""`ctc review export`, and the round by commands: predict, review, export, learn, evaluate."""

import csv
import json
import sqlite3

import numpy as np
import pytest
from PIL import Image
from review_events import FOX, WOLF

from ctc.artifacts.inventory import Inventory
from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run
from ctc.review.load.load import LoadConfig, load_predictions

RED, BLUE = (200, 60, 60), (60, 60, 200)
PLACES = tuple("abcdefghij")
PHOTOS_PER_PLACE = 4


def ctc(*words):
    return run([str(word) for word in words])


@pytest.fixture
def photos(tmp_path):
    """Photos of ten places, two red ones (foxes) and two blue ones (wolves) at each."""
    rng = np.random.default_rng(1)
    for place in PLACES:
        folder = tmp_path / "photos" / place
        folder.mkdir(parents=True)
        for number in range(PHOTOS_PER_PLACE):
            color = np.array(RED if number % 2 else BLUE) + rng.integers(-20, 20, 3)
            pixels = np.broadcast_to(color.astype(np.uint8), (32, 48, 3))
            Image.fromarray(pixels).save(folder / f"{number}.jpg")
    return tmp_path / "photos"


@pytest.fixture
def review(tmp_path, photos, build_model, monkeypatch):
    """A store with predictions of the photos by a command, and answers to all but place j."""
    monkeypatch.chdir(tmp_path)
    build_model("features.onnx", features=True)
    assert ctc("predict", "features.onnx", "photos", "--output", "new.csv", "--per-photo") == 0
    with ReviewStore.open(tmp_path / "review.sqlite", make=True) as store:
        load_predictions(tmp_path / "new.csv", store, LoadConfig())
        ann = store.ensure_reviewer("Ann")
        for event in store.iter_events():
            path = event.photos[0].path
            if "/j/" not in path:
                store.answer(ann, [event.key], FOX if int(path[-5]) % 2 else WOLF)
    return tmp_path / "review.sqlite"


def test_review_export_tells_what_the_review_came_to(review, tmp_path, capsys):
    assert ctc("review", "export", review, "--output", "all.csv") == 0
    told = capsys.readouterr()
    assert told.out == "all.csv\n"
    assert "36 of 40 events answered, by Ann 36" in told.err
    assert "40 events written as 'csv', 36 with classes from people" in told.err
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "species"]
    methods = [row["classification_method"] for row in rows]
    assert (methods.count("human"), methods.count("machine")) == (36, 4)


def test_review_export_goes_round(review, tmp_path, capsys):
    words = ("review", "export", review, "--output", "reviewed.parquet", "--only-reviewed")
    assert ctc(*words) == 0
    assert Inventory.read(tmp_path / "reviewed.parquet").table.num_rows == 36
    assert ctc("inventory", "show", "reviewed.parquet") == 0
    assert ctc("inventory", "check", "reviewed.parquet") == 0
    splits = (
        "--split",
        "train=0.6",
        "--split",
        "val=0.2",
        "--split",
        "test=0.2",
        "--group-by",
        "location",
    )
    assert ctc("dataset", "reviewed.parquet", "--output", "dataset", *splits) == 0
    probe = ("--label", "species", "--output", "better.onnx")
    assert ctc("probe", "features.onnx", "dataset", *probe) == 0
    assert ctc("predict", "better.onnx", "photos", "--output", "again.csv") == 0
    evaluate = ("--truth", "reviewed.parquet", "--output", "evaluation")
    assert ctc("evaluate", "again.csv", *evaluate) == 0
    metrics = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    assert metrics["labels"]["species"]["units"]["event"]["top_1"]["value"] == 1.0
    calibrate = ("--split", "train", "--output", "calibrated.onnx")
    assert ctc("calibrate", "better.onnx", "dataset", *calibrate) == 0
    assert ctc("evaluate", "calibrated.onnx", "dataset", "--output", "test") == 0


def test_the_next_round_orders_what_is_left(review, tmp_path):
    words = ("review", "export", review, "--output", "reviewed.parquet", "--only-reviewed")
    assert ctc(*words) == 0
    with ReviewStore.open(review) as store:
        config = LoadConfig(truth=tmp_path / "reviewed.parquet")
        summary = load_predictions(tmp_path / "new.csv", store, config)
        worth = {
            event.photos[0].path: event.predictions["species"].worth is not None
            for event in store.iter_events()
        }
    assert summary.result.answered == 36
    assert sorted(path for path, is_worth in worth.items() if is_worth) == [
        f"photos/j/{number}.jpg" for number in range(4)
    ]


def test_review_export_warns_of_photos_that_have_moved(review, tmp_path, photos, capsys):
    photos.rename(tmp_path / "elsewhere")
    with ReviewStore.open(review) as store:
        load_predictions(tmp_path / "new.csv", store, LoadConfig())
    assert ctc("review", "export", review, "--output", "all.parquet") == 0
    told = capsys.readouterr().err
    assert "40 photos were missing when the review looked, such as 'photos/a/0.jpg'" in told
    assert "`ctc review --store FILE --photos ROOT`" in told


def test_review_export_warns_of_events_that_are_gone(review, tmp_path, capsys):
    assert ctc("predict", "features.onnx", "photos/j", "--output", "j.csv", "--per-photo") == 0
    with ReviewStore.open(review) as store:
        load_predictions(tmp_path / "j.csv", store, LoadConfig())
    assert ctc("review", "export", review, "--output", "j.parquet") == 0
    assert "36 answered events are no more in the predictions" in capsys.readouterr().err
    assert ctc("review", "export", review, "--output", "all.parquet", "--with-gone") == 0
    assert Inventory.read(tmp_path / "all.parquet").table.num_rows == 40


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--output", "new.csv"), "'new.csv' exists already"),
        (("--output", "x.txt"), "the format of 'x.txt' is not known"),
        (("--output", "x.parquet", "--per-photo"), "an inventory has no option --per-photo"),
        (("--output", "x.csv", "--consensus", "all"), "'all' is not one of"),
        (
            ("--output", "x.csv", "--only-reviewed", "--consensus", "lead"),
            "no reviewed event by --consensus lead",
        ),
    ],
)
def test_review_export_refuses(review, tmp_path, capsys, words, line):
    before = {path.name for path in tmp_path.iterdir()}
    assert ctc("review", "export", review, *words) == 2
    assert line in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == before


def test_review_export_refuses_a_store_of_a_newer_version(review, capsys):
    with sqlite3.connect(review) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert ctc("review", "export", review, "--output", "x.csv") == 1
    assert "has the format version 99" in capsys.readouterr().err


def test_review_export_refuses_a_store_that_is_not_there(tmp_path, capsys):
    assert ctc("review", "export", tmp_path / "no.sqlite", "--output", tmp_path / "x.csv") == 2
    assert "does not exist" in capsys.readouterr().err
