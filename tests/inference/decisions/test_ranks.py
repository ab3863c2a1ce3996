"""Roll-up of hand-worked answers: two cats and a dog, in a tree of three levels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError
from ctc.inference.config import PredictConfig
from ctc.inference.decisions.choice import AnswerFacts
from ctc.inference.decisions.ranks import RollUp, RollUpDecision, choose_roll_up, rank_groups

CLASSES = ("cat", "lynx", "dog", "blank")
FELIDAE = {"order": "Carnivora", "family": "Felidae"}
TAXONOMY = {
    "cat": {**FELIDAE, "genus": "Felis", "common_name": "domestic cat", "taxon_id": "gbif:1"},
    "lynx": {**FELIDAE, "genus": "Lynx"},
    "dog": {"order": "Carnivora", "family": "Canidae", "genus": "Canis"},
    "Felidae": {**FELIDAE, "common_name": "cats", "taxon_id": "gbif:9"},
}
ROLL_UP = RollUp(
    CLASSES,
    TAXONOMY,
    {"cat": 0.75, "lynx": 0.75, "dog": None, "blank": 0.5},
    {"genus": 0.875, "family": 0.75, "order": None, "kingdom": 0.875},
)


def values(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def event(*numbers: float) -> EventPrediction:
    probabilities = {"species": values(*numbers)}
    photo = ImagePrediction("a.jpg", probabilities)
    return EventPrediction("a", {"species": CLASSES}, probabilities, (photo,))


@pytest.mark.parametrize(
    ("probabilities", "name", "rank", "probability"),
    [
        ((0.75, 0.125, 0.125, 0), "cat", "genus", 0.75),  # reaches its own threshold
        ((0.5, 0.25, 0.125, 0.125), "Felidae", "family", 0.75),  # only the cats together do
        ((0, 0, 0.875, 0.125), "Canis", "genus", 0.875),  # the class dog is never answered
        ((0, 0, 0.75, 0.25), "Canidae", "family", 0.75),
        ((0.375, 0.25, 0.25, 0.125), "Animalia", "kingdom", 0.875),  # the order has no threshold
        ((0.25, 0.25, 0.25, 0.25), "unknown", "", 0.25),
        ((0.25, 0.125, 0.125, 0.5), "blank", "", 0.5),
        ((0.125, 0.25, 0.1875, 0.4375), "unknown", "", 0.4375),  # blank is no taxon
    ],
)
def test_roll_up_answers_at_the_lowest_rank_that_is_sure(
    probabilities, name, rank, probability
) -> None:
    answer = ROLL_UP.answer(values(*probabilities))
    assert (answer.name, answer.rank, answer.probability) == (name, rank, probability)


def test_columns_of_a_taxon_are_those_of_its_own_entry() -> None:
    assert ROLL_UP.columns(ROLL_UP.answer(values(0.5, 0.25, 0.125, 0.125))) == {
        "rank": "family",
        "scientific_name": "Felidae",
        "common_name": "cats",
        "taxon_id": "gbif:9",
        "lineage": "Animalia;;;Carnivora;Felidae;;",
    }


def test_columns_of_a_class_are_those_of_the_class() -> None:
    found = ROLL_UP.columns(ROLL_UP.answer(values(0.75, 0.25, 0, 0)))
    assert (found["rank"], found["common_name"], found["taxon_id"]) == (
        "genus",
        "domestic cat",
        "gbif:1",
    )
    assert found["lineage"] == "Animalia;;;Carnivora;Felidae;Felis;"


def test_columns_of_a_blank_are_empty() -> None:
    assert set(ROLL_UP.columns(ROLL_UP.answer(values(0, 0, 0, 1))).values()) == {None}


def test_decide_after_the_settings_went_through_json() -> None:
    decision = RollUpDecision({"species": ROLL_UP.to_settings()})
    found = decision.decide(event(0.5, 0.25, 0.125, 0.125))
    assert found.top("species") == ("Felidae", 0.75)
    assert found.columns["species"]["rank"] == "family"


@pytest.mark.parametrize("limit", ["0.9", "high", float("nan"), [0.5], -1])
def test_choose_roll_up_refuses_damaged_thresholds(limit: Any) -> None:
    entry = {
        "label": "species",
        "made_for": PredictionSetup().to_json(),
        "thresholds": {"cat": 0.5},
        "ranks": {"genus": {"threshold": limit}},
    }
    info = ModelInfo({"species": CLASSES}, Preprocessing(8, 8), promises={"ranks": [entry]})
    facts = AnswerFacts(info, info.schema, PredictionSetup())
    config = PredictConfig(Path("m.onnx"), (Path("photos"),), Path("p.csv"), roll_up=True)
    with pytest.raises(InputError, match="ranks are damaged"):
        choose_roll_up(config, facts)


def test_decide_leaves_strangers_unknown() -> None:
    stranger = replace(event(0.75, 0.25, 0, 0), strangeness=2.0, stranger_threshold=1.0)
    found = RollUpDecision({"species": ROLL_UP.to_settings()}).decide(stranger)
    assert (found.top("species"), found.columns["species"]["rank"]) == (("unknown", 0.75), None)


def test_classes_that_were_ruled_out_prove_nothing_for_a_taxon() -> None:
    before = values(0.5, 0.125, 0.125, 0.25)
    after = values(0.8, 0.2, 0, 0)  # dogs and blanks were ruled out
    assert ROLL_UP.answer(before).name == ROLL_UP.answer(after, 0.625).name == "unknown"
    assert ROLL_UP.answer(after).name == "cat"
    decided = RollUpDecision({"species": ROLL_UP.to_settings()}).decide(
        replace(event(0.8, 0.2, 0, 0), left={"species": 0.9375})
    )
    assert decided.top("species") == ("cat", pytest.approx(0.8))


def test_people_and_vehicles_are_in_no_taxon() -> None:
    taxonomy = {"person": {"class": "Mammalia"}, "cat": {"class": "Mammalia"}}
    (rank, kingdom) = rank_groups(("person", "cat"), taxonomy)
    assert [rank.taxa, kingdom.taxa] == [
        (None, {"kingdom": "Animalia", "class": "Mammalia"}),
        (None, {"kingdom": "Animalia"}),
    ]


def test_sums_add_up_to_one_at_each_rank_and_grow_towards_the_root() -> None:
    rng = np.random.default_rng(19)
    for _ in range(50):
        classes = tuple(f"c{number}" for number in range(rng.integers(1, 30)))
        genera = rng.integers(0, 9, len(classes))
        taxonomy = {
            name: {"genus": f"G{one}", "family": f"F{one // 2}", "class": f"C{one // 4}"}
            for name, one in zip(classes, genera, strict=True)
            if rng.random() < 0.9
        }
        rows = rng.dirichlet(np.ones(len(classes)), 5).astype(np.float32)
        best = rows.max(axis=1)
        for groups in rank_groups(classes, taxonomy):
            sums = groups.sums(rows)
            assert sums.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)
            assert (sums.max(axis=1) >= best - 1e-6).all()
            best = sums.max(axis=1)
