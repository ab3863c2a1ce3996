"""The decisions of a run are those that are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.inference.config import PredictConfig
from ctc.inference.decisions.choice import AnswerFacts, choose_decisions
from ctc.inference.events.photos import UngroupedPhotos
from ctc.inference.events.sources import EventCollection
from ctc.inference.run.predict_run import run_setup
from ctc.inference.task import HeaderFacts

LABELS = {"species": ("deer", "fox")}
CONFIG = PredictConfig(Path("model.onnx"), (Path("photos"),), Path("p.csv"), flips=True)
ANSWERS = AnswerFacts(
    ModelInfo(LABELS, Preprocessing(16, 24)), LabelSchema(LABELS), PredictionSetup()
)


def test_a_decision_that_is_not_asked_for_has_no_settings() -> None:
    choosers = {"first": lambda *_: None, "second": lambda config, _: {"flips": config.flips}}
    assert choose_decisions(CONFIG, ANSWERS, choosers) == {"second": {"flips": True}}


def test_the_header_holds_the_settings_of_decisions() -> None:
    facts = HeaderFacts(settings={"known": 1})
    assert facts.with_decisions({}) is facts
    assert facts.with_decisions({"sets": 2}).settings == {"known": 1, "decisions": {"sets": 2}}


@pytest.mark.parametrize(("gap", "unit"), [(None, "photo"), (5.0, "event")])
def test_photos_without_events_are_predicted_photo_by_photo(gap: float | None, unit: str) -> None:

    photos = UngroupedPhotos((), gap)
    assert EventCollection((photos,)).unit == unit


def test_prediction_setup_of_photos_has_no_aggregation() -> None:
    assert run_setup(CONFIG, "event") == PredictionSetup("event", "mean", flips=True)
    assert run_setup(CONFIG, "photo") == PredictionSetup("photo", "", flips=True)
