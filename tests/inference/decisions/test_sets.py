"""Prediction sets: the classes whose probability reaches their limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.decisions.choice import AnswerFacts
from ctc.inference.decisions.sets import PredictionSets, choose_sets

CLASSES = ("deer", "fox", "hare")
ENTRY = {
    "label": "species",
    "made_for": PredictionSetup().to_json(),
    "scope": "new locations",
    "events": 120,
    "levels": {
        "0.80": {"own": {"deer": 0.75}, "others": 0.5},
        "0.90": {"own": {"deer": 0.25}, "others": 0.125},
    },
}


def config(**options: Any) -> PredictConfig:
    return PredictConfig(Path("model.onnx"), (Path("photos"),), Path("p.csv"), **options)


def answers(setup: PredictionSetup | None = None, **promises: Any) -> AnswerFacts:
    labels = {"species": CLASSES, "count": ("1", "2")}
    info = ModelInfo(labels, Preprocessing(8, 8), promises=promises)
    return AnswerFacts(info, LabelSchema(labels), setup or PredictionSetup())


def event(*values: float) -> EventPrediction:
    probabilities = {"species": np.array(values, np.float32)}
    return EventPrediction(
        "a", {"species": CLASSES}, probabilities, (ImagePrediction("a.jpg", probabilities),)
    )


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((0.2, 0.5, 0.3), ("fox", "hare")),
        ((0.25, 0.5, 0.25), ("fox", "deer", "hare")),
        ((0.1, 0.8, 0.1), ("fox",)),
    ],
)
def test_a_set_has_the_classes_that_reach_their_limit_the_most_probable_first(
    values: tuple[float, ...], found: tuple[str, ...]
) -> None:
    settings = choose_sets(config(sets=0.9), answers(sets=[ENTRY]))
    decided = PredictionSets.from_settings(settings).decide(event(*values))
    assert decided.columns == {"species": {"prediction_set": found}}
    assert decided.top("species") == event(*values).top("species")


def test_a_set_is_never_empty() -> None:
    settings = choose_sets(config(sets=0.8), answers(sets=[ENTRY]))
    decided = PredictionSets.from_settings(settings).decide(event(0.4, 0.3, 0.3))
    assert decided.columns["species"]["prediction_set"] == ("deer",)


@pytest.mark.parametrize(
    ("asked", "limits"),
    [(0.8, [0.75, 0.5, 0.5]), (0.3, [0.75, 0.5, 0.5]), (0.9, [0.25, 0.125, 0.125])],
)
def test_choose_sets_takes_the_limits_of_the_level(asked: float, limits: list[float]) -> None:
    settings = choose_sets(config(sets=asked), answers(sets=[ENTRY]))
    assert settings == {"probability": asked, "limits": {"species": limits}, "refused": {}}


def test_choose_sets_without_the_option_decides_nothing() -> None:
    assert choose_sets(config(), answers()) is None


@pytest.mark.parametrize(
    ("asked", "facts", "words"),
    [
        (0.9, answers(), "--sets needs a model with sets that `ctc calibrate` fitted"),
        (0.91, answers(sets=[ENTRY]), "calibrated on carry up to --sets 0.90: ask for less"),
        (0.9, answers(sets=[{**ENTRY, "levels": {}}]), "calibrated on carry no sets"),
        (
            0.9,
            answers(PredictionSetup(aggregation="max"), sets=[ENTRY]),
            "for another way to predict (here: --aggregation max in place of mean)",
        ),
    ],
)
def test_choose_sets_refuses_what_is_not_promised(
    asked: float, facts: AnswerFacts, words: str
) -> None:
    with pytest.raises(UsageError) as raised:
        choose_sets(config(sets=asked), facts)
    assert words in str(raised.value)


def test_choose_sets_of_one_label_goes_without_those_that_carry_none() -> None:
    other = {**ENTRY, "label": "count", "events": 30, "levels": {}}
    settings = choose_sets(config(sets=0.9), answers(sets=[other, ENTRY]))
    assert settings is not None
    assert list(settings["limits"]) == ["species"]
    assert PredictionSets.from_settings(settings).report() == (
        "'count' has no sets: the 30 events that it was calibrated on carry no sets",
    )


def test_choose_sets_refuses_a_prior() -> None:
    with pytest.raises(UsageError, match="--sets and --prior exclude each other"):
        choose_sets(config(sets=0.9, prior="auto"), answers(sets=[ENTRY]))


@pytest.mark.parametrize("levels", [3, {"0.90": {"own": {"fox": float("nan")}, "others": 0.5}}])
def test_choose_sets_refuses_damaged_entries(levels: Any) -> None:
    with pytest.raises(InputError, match="damaged"):
        choose_sets(config(sets=0.9), answers(sets=[{**ENTRY, "levels": levels}]))
