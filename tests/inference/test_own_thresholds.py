"""Thresholds that fit how a run predicts, and those that don't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.model.threshold_promise import ClassThreshold, ThresholdPromise
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError
from ctc.inference.own_thresholds import own_thresholds
from ctc.inference.postprocess import make_postprocessor

MEAN, MAX = PredictionSetup(), PredictionSetup(aggregation="max")


def promise(
    setup: PredictionSetup, deer: float | None, photos: tuple[int, float, int] = (1, 3.0, 5)
) -> dict[str, Any]:
    classes = (
        ClassThreshold("deer", 200, 200, deer, 100, 0.99, 0.96, 20),
        ClassThreshold("fox", 3, 3, refusal="3 answers, at least 72 are needed"),
    )
    return ThresholdPromise(
        "species", setup, "new locations", 0.95, 0.95, False, 203, photos, 20, classes
    ).to_json()


def info(*entries: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        {"species": ("deer", "fox")},
        Preprocessing(8, 8),
        thresholds={"species": {"deer": 0.5, "fox": None}},
        promises={"thresholds": list(entries)} if entries else {},
    )


FITTED = info(promise(MEAN, 0.8), promise(MEAN.of_photos, 0.9), promise(MAX, 0.97))


@pytest.mark.parametrize(("setup", "deer"), [(MEAN, 0.8), (MAX, 0.97)])
def test_own_thresholds_are_those_fitted_for_the_setup(setup, deer: float) -> None:
    found = own_thresholds(FITTED, setup)
    assert found.events == {"species": (deer, None)}
    assert found.notes == ()


def test_own_thresholds_of_photos_are_others_where_events_have_several() -> None:
    assert own_thresholds(FITTED, MEAN).photos == {"species": (0.9, None)}
    single = info(promise(MEAN, 0.8, (1, 1.0, 2)), promise(MEAN.of_photos, 0.9, (1, 1.0, 2)))
    assert own_thresholds(single, MEAN).photos == {}


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        (PredictionSetup(aggregation="vote"), "not for --aggregation vote"),
        (PredictionSetup(flips=True), "not for --aggregation mean --flips"),
        (PredictionSetup(detector="abc"), "not for --aggregation mean with a detector"),
        (
            PredictionSetup(detector="abc --cascade"),
            "not for --aggregation mean with a detector as a cascade",
        ),
        (PredictionSetup(aggregation_options={"k": 3}), "not for --aggregation mean --k 3"),
    ],
)
def test_own_thresholds_are_dropped_with_a_note_where_none_fits(setup, words: str) -> None:
    found = own_thresholds(FITTED, setup)
    assert (found.events, found.photos) == ({}, {})
    (note,) = found.notes
    assert note.startswith(
        "the model's thresholds are left out: they were fitted for --aggregation mean, single"
        " photos, --aggregation max, "
    )
    assert words in note


def test_own_thresholds_of_files_without_promises_apply_to_whole_photos() -> None:
    assert own_thresholds(info(), MEAN).events == {"species": (0.5, None)}
    other = own_thresholds(info(), MAX)
    assert other.events == {"species": (0.5, None)}
    assert other.notes[0] == (
        "the model does not say what its thresholds were fitted for, probably --aggregation mean:"
        " with --aggregation max they may promise too much"
    )
    assert own_thresholds(info(), PredictionSetup(detector="abc")).events == {}


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        promise(MEAN, 1.5),
        {**promise(MEAN, 0.8), "made_for": 1},
        {**promise(MEAN, 0.8), "precision": float("nan")},
        {**promise(MEAN, 0.8), "events": float("inf")},
    ],
)
def test_own_thresholds_rejects_damaged_promises(damaged: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        own_thresholds(info(damaged), MEAN)


def test_own_thresholds_rejects_what_is_no_list_of_promises() -> None:
    with pytest.raises(InputError, match="promised thresholds are damaged"):
        own_thresholds(replace(info(), promises={"thresholds": 5}), MEAN)


def test_own_thresholds_are_those_of_the_labels_that_the_model_has() -> None:
    other = {**promise(MEAN, 0.8), "label": "count"}
    assert own_thresholds(info(promise(MEAN, 0.8), other), MEAN).events == {"species": (0.8, None)}


def test_postprocessor_tells_what_the_thresholds_promise_and_for_whom() -> None:
    assert make_postprocessor(FITTED).notes[0] == (
        "answers below the model's own thresholds are 'unknown'; at least 95% of the others are"
        " right at new locations, promised with 95% confidence for each class"
    )
    restricted = make_postprocessor(FITTED, class_list=["deer"])
    assert "they promise nothing with fewer classes" in restricted.notes[1]
    assert make_postprocessor(FITTED, 0.7).notes == ("answers below 0.7 are 'unknown'",)


def test_postprocessor_promises_nothing_where_no_class_has_a_threshold() -> None:
    told, unreachable = make_postprocessor(info(promise(MEAN, None))).notes
    assert told == "answers below the model's own thresholds are 'unknown'"
    assert unreachable.startswith("'species' is 'unknown' wherever it would be 'deer', 'fox'")


def test_postprocessor_drops_thresholds_that_do_not_fit() -> None:
    found = make_postprocessor(FITTED, setup=PredictionSetup(aggregation="vote"))
    assert found.schema.thresholds == {}
    assert "are left out" in found.notes[0]


def test_events_of_one_photo_have_the_thresholds_of_photos() -> None:
    schema = make_postprocessor(FITTED).schema
    values = {"species": np.array([0.85, 0.15], np.float32)}
    photos = tuple(ImagePrediction(name, values) for name in "ab")
    pair = EventPrediction.from_schema(schema, "1", values, photos, {})
    single = EventPrediction.from_schema(schema, "2", values, photos[:1], {})
    assert (pair.top("species")[0], pair.top("species", photos[0])[0]) == ("deer", "unknown")
    assert (single.top("species")[0], single.top("species", photos[0])[0]) == (
        "unknown",
        "unknown",
    )
