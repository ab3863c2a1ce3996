"""Effect of class weights, sampling and --multi-label on recall, with synthetic photos."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import keras
import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.images import encode_jpeg
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.training.config import TrainingConfig
from ctc.training.model.network import load_network
from ctc.training.run_training import resume, train

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


SIDE = 16
SPECIES = ("fox", "hare")
TRAIN, TEST = 60, 24

Rows = list[dict[str, str]]


def _mean_colour(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))


@pytest.fixture
def with_mean_colour() -> Plugins:
    """The installed plugins and a backbone `mean_colour`."""
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    backbone = Backbone("mean_colour", "the mean colour", (SIDE, SIDE), _mean_colour)
    return Plugins(
        [*plugins().loaded, LoadedRecord(kind, backbone, Owner("mean_colour", "tests", "1"))], []
    )


@pytest.fixture
def learn(with_mean_colour, reporter, tmp_path) -> Callable[..., Rows]:
    """A function that trains on a dataset and returns the rows of the run's test predictions."""

    def run(dataset: Dataset, **options) -> Rows:
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        config = _config(dataset, str(folder), **options)
        result = train(config, with_mean_colour, reporter)
        with result.run.test_predictions.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return run


def _config(dataset: Dataset, output: str, **options) -> TrainingConfig:
    config = TrainingConfig(
        str(dataset.folder), output, "mean_colour", ("species",), loader="turbo"
    )
    chosen = {
        "optimizer": "adamw",
        "learning_rate": 0.1,
        "batch_size": 20,
        "epochs": 5,
        "threads": 1,
    }
    plain = {"color": "none", "crop": 0.0, "zoom": 0.0, "rotate": 0.0, "early_stopping_patience": 5}
    return replace(config, **(chosen | plain | options))


def _event(name: str, photo: np.ndarray, labels: Mapping[str, tuple[int, ...]]) -> EventRecord:
    return EventRecord(
        name, (encode_jpeg(photo, 95),), (photo.shape[:2],), labels, (f"{name}.jpg",), {}
    )


def _colored_event(name: str, number: int) -> EventRecord:
    """A photo with red foxes, blue hares; every third event has both, in either order."""
    seen = ((0,), (1,), (0, 1), (1,), (0,), (1, 0))[number % 6]
    rng = np.random.default_rng(number)
    photo = rng.integers(60, 100, (SIDE, SIDE, 3), np.uint8)
    for species in seen:
        half = species * SIDE // 2
        photo[:, half : half + SIDE // 2, 2 * species] += 120
    return _event(f"{name}{number}", photo, {"species": seen})


def _grey_event(name: str, number: int, rare: bool) -> EventRecord:
    """Hares are rare, and a little brighter than foxes."""
    rng = np.random.default_rng([number, rare])
    light = np.clip(rng.normal(140 if rare else 110, 20), 0, 255)
    return _event(name, np.full((SIDE, SIDE, 3), light, np.uint8), {"species": (int(rare),)})


@pytest.fixture
def both(dataset_of) -> Dataset:
    """Events with a fox, a hare, or both."""
    events = {
        split: [_colored_event(split, i) for i in range(count)]
        for split, count in (("train", TRAIN), ("test", TEST))
    }
    return dataset_of(events, {"species": SPECIES})


@pytest.fixture
def rare(dataset_of) -> Dataset:
    """One of 20 events has a hare in training, one of two in the test."""
    train_events = [_grey_event(f"train{i}", i, rare=i % 20 == 0) for i in range(200)]
    test_events = [_grey_event(f"test{i}", 1000 + i, rare=i % 2 == 0) for i in range(100)]
    return dataset_of({"train": train_events, "test": test_events}, {"species": SPECIES})


def _recall(rows: Rows, name: str) -> float:
    right = [row["prediction_top"] == name for row in rows if row["true_species"] == name]
    return float(np.mean(right))


def test_multi_label_finds_both_species_of_a_photo(learn, both):
    several, single = learn(both, multi_label=("species",)), learn(both, epochs=1)
    found = [
        sorted(json.loads(row["predictions_present"])) == sorted(json.loads(row["true_species"]))
        for row in several
    ]
    assert np.mean(found) > 0.9
    ids = [row["id"] for row in several if len(json.loads(row["true_species"])) == 2]
    assert len(ids) == TEST // 3
    for row in single:
        assert row["id"] not in ids or sum(
            json.loads(row["predictions_all"]).values()
        ) == pytest.approx(1, abs=1e-3)


def test_class_weights_and_sampling_raise_recall_of_rare_class(learn, rare):
    before = learn(rare)
    assert _recall(before, "hare") < 0.3
    for option in ({"class_weights": "balanced"}, {"sampling": "balanced"}):
        after = learn(rare, **option)
        assert _recall(after, "hare") > 0.6
        assert _recall(after, "fox") < _recall(before, "fox")


def test_class_weights_raise_recall_of_rare_class_with_multi_label(learn, rare):
    found = []
    for how in ("none", "balanced"):
        hares = [
            row
            for row in learn(rare, multi_label=("species",), class_weights=how)
            if "hare" in row["true_species"]
        ]
        found.append(np.mean(["hare" in json.loads(row["predictions_present"]) for row in hares]))
    assert found[0] < 0.2
    assert found[1] > 0.35


def test_sampling_balances_classes_of_sampling_label(learn, rare, dataset_of):
    """Balancing the sexes, which are balanced already, does not help the rare species."""
    with_sex = {
        split: [
            replace(
                _grey_event(f"{split}{i}", i, rare=i % 20 == 0),
                labels={"species": (int(i % 20 == 0),), "sex": (i % 2,)},
            )
            for i in range(100)
        ]
        for split in ("train", "test")
    }
    dataset = dataset_of(with_sex, {"species": SPECIES, "sex": ("f", "m")}, name="sexes")
    options = {"labels": ("species", "sex"), "sampling": "balanced"}
    by_species, by_sex = (
        [row for row in learn(dataset, **options, **more) if row["label"] == "species"]
        for more in ({}, {"sampling_label": "sex"})
    )
    hares = [sum(row["prediction_top"] == "hare" for row in rows) for rows in (by_species, by_sex)]
    assert hares[0] > hares[1] + 5


def test_resume_with_sampling_gives_the_same_weights(with_mean_colour, reporter, both, tmp_path):
    options = {"multi_label": ("species",), "sampling": "balanced", "epochs": 2}
    whole = train(_config(both, str(tmp_path / "whole"), **options), with_mean_colour, reporter)
    resumed = _config(both, str(tmp_path / "resumed"), **options)
    train(replace(resumed, epochs=1), with_mean_colour, reporter)
    again = resume(resumed, with_mean_colour, reporter)
    expected, found = (
        load_network(one.run, with_mean_colour).get_weights() for one in (whole, again)
    )
    for before, after in zip(expected, found, strict=True):
        np.testing.assert_array_equal(after, before)


def test_run_names_multi_label_and_its_exact_metric(with_mean_colour, reporter, both, tmp_path):
    result = train(
        _config(both, str(tmp_path / "run"), multi_label=("species",), epochs=1),
        with_mean_colour,
        reporter,
    )
    assert result.run.read().multi_label == ("species",)
    header = result.run.history.read_text().splitlines()[0].split(",")
    assert header[3:8] == [
        f"{name}[species]" for name in ("loss", "accuracy", "top5", "macro_f1", "exact")
    ]
    assert "exact" in json.loads(result.run.test_scores.read_text())["labels"]["species"]


def test_train_warns_if_multi_observation_events_were_left_out(
    with_mean_colour, reporter, both, tmp_path
):
    manifest = replace(both.manifest, left_out={"events": {"more than one observation": 1200}})
    Dataset(both.folder, manifest).save()
    train(
        _config(both, str(tmp_path / "run"), multi_label=("species",), epochs=1),
        with_mean_colour,
        reporter,
    )
    (warning,) = [one for one in reporter.warnings if "was built without" in one]
    assert warning.startswith(
        f"'{both.folder}' was built without 1,200 events of several observations"
    )
    assert warning.endswith("build it with --keep-multi-observation")
