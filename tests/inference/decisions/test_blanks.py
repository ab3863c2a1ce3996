"""Blank events are marked as dropped where the promise of the model allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import BoxPrediction, EventPrediction, ImagePrediction
from ctc.errors import InputError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.decisions.blanks import (
    BlankLimit,
    DroppedBlanks,
    blank_score,
    choose_blanks,
    surest_box,
)
from ctc.inference.decisions.choice import AnswerFacts

CLASSES = ("deer", "empty", "nothing here")
ENTRY = {
    "label": "species",
    "made_for": PredictionSetup().to_json(),
    "limit": 0.75,
    "refused": None,
    "loss": 0.02,
    "confidence": 0.95,
    "animals": 120,
}


def config(**options: Any) -> PredictConfig:
    return PredictConfig(Path("model.onnx"), (Path("photos"),), Path("p.csv"), **options)


def answers(setup: PredictionSetup | None = None, **promises: Any) -> AnswerFacts:
    labels = {"species": CLASSES, "count": ("1", "blank")}
    info = ModelInfo(labels, Preprocessing(8, 8), promises=promises)
    return AnswerFacts(info, LabelSchema(labels), setup or PredictionSetup())


def event(*values: float, boxes: tuple[float, ...] | None = None) -> EventPrediction:
    probabilities = {"species": np.array(values, np.float32)}
    found = (
        None
        if boxes is None
        else tuple(
            BoxPrediction(
                Detection(Box(0, 0, 1, 1, confidence=one), "animal", "animal"), probabilities
            )
            for one in boxes
        )
    )
    photo = ImagePrediction("a.jpg", probabilities, boxes=found)
    return EventPrediction("a", {"species": CLASSES}, probabilities, (photo,))


@pytest.mark.parametrize(
    ("values", "dropped"),
    [((0.125, 0.5, 0.375), True), ((0.25, 0.5, 0.25), False), ((0.5, 0.25, 0.25), False)],
)
def test_an_event_is_dropped_where_its_blank_classes_exceed_the_limit_together(
    values: tuple[float, ...], dropped: bool
) -> None:
    settings = choose_blanks(config(drop_blanks=True), answers(blanks=[ENTRY]))
    decided = DroppedBlanks.from_settings(settings).decide(event(*values))
    assert decided.columns == {"species": {"dropped": dropped}}
    assert decided.top("species") == event(*values).top("species")


@pytest.mark.parametrize(("boxes", "score"), [(None, 0.5), ((), 0.75), ((0.25, 0.75), 0.375)])
def test_blank_score_with_a_detector_is_the_mean_with_what_the_surest_box_leaves(
    boxes: tuple[float, ...] | None, score: float
) -> None:
    shown = event(0.5, 0.25, 0.25, boxes=boxes)
    sure = surest_box(shown)
    box = None if sure is None else np.array([sure], np.float32)
    blank = np.array([False, True, True])
    assert blank_score(shown.probabilities["species"][None], blank, box) == [score]


def test_dropped_blanks_tell_how_many_there_are() -> None:
    decision = DroppedBlanks({"species": BlankLimit(0.75, 0.02, 0.95)})
    for values in ((0, 1, 0), (1, 0, 0), (0, 0, 1)):
        decision.decide(event(*values))
    (told,) = decision.report()
    assert told.startswith("'species': 2 of 3 events marked as dropped blanks; at most 2.0% of the")


def test_choose_blanks_without_the_option_decides_nothing() -> None:
    assert choose_blanks(config(), answers()) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (answers(), "needs a model with blanks that `ctc calibrate --blank-loss` fitted"),
        (
            answers(PredictionSetup("photo", ""), blanks=[ENTRY]),
            "for another way to predict (here: photos in place of events",
        ),
        (
            answers(blanks=[{**ENTRY, "limit": None, "refused": "at least 149 are needed"}]),
            "a loss of at most 2.0% for 'species' with 120 events with animals (at least 149 are",
        ),
    ],
)
def test_choose_blanks_refuses_what_is_not_promised(facts: AnswerFacts, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        choose_blanks(config(drop_blanks=True), facts)
    assert words in str(raised.value)


def test_choose_blanks_of_one_label_goes_without_those_that_nothing_is_promised_for() -> None:
    other = {**ENTRY, "label": "count", "limit": None, "refused": "too many look blank"}
    settings = choose_blanks(config(drop_blanks=True), answers(blanks=[other, ENTRY]))
    assert settings == {"count": None, "species": [0.75, 0.02, 0.95]}
    told = DroppedBlanks.from_settings(settings).report()
    assert told[1].startswith("'count': no event is marked as a dropped blank")


def test_choose_blanks_refuses_a_class_list() -> None:
    with pytest.raises(UsageError, match="--drop-blanks and --classes exclude each other"):
        choose_blanks(config(drop_blanks=True, class_list=Path("c.txt")), answers(blanks=[ENTRY]))


@pytest.mark.parametrize("damage", [{"limit": "x"}, {"limit": float("nan")}, {"loss": 7}])
def test_choose_blanks_refuses_damaged_entries(damage: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="damaged"):
        choose_blanks(config(drop_blanks=True), answers(blanks=[{**ENTRY, **damage}]))
