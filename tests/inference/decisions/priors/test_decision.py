"""Answers where classes are commoner or rarer than where the model was calibrated."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.inference.decisions.decision import Decisions
from ctc.inference.decisions.priors.decision import Priors
from ctc.inference.decisions.priors.shares import Trained

CLASSES = {"species": ("fox", "wolf")}
TRAINED = {"species": Trained(np.array([0.5, 0.5]), 1e4)}
GIVEN = {"species": np.array([0.75, 0.25])}


def event(fox: float, place: str = "a", **meta: str) -> EventPrediction:
    values = {"species": np.array([fox, 1 - fox], np.float32)}
    photo = ImagePrediction(f"{place}/1.jpg", values)
    return EventPrediction(place, CLASSES, values, (photo,), meta)


def decide(priors: Priors, events: Sequence[EventPrediction]) -> list[EventPrediction]:
    return [one for one in Decisions((priors,)).apply(iter(events)) if hasattr(one, "classes")]


def test_given_shares_by_hand() -> None:
    priors = Priors(CLASSES, TRAINED, GIVEN)
    (found,) = decide(priors, [event(0.4)])
    # 0.4 · 0.75 : 0.6 · 0.25 = 2 : 1
    assert found.probabilities["species"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found.images[0].probabilities["species"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found.top("species")[0] == "fox"
    assert found.columns == {"species": {"before_prior": "wolf"}}
    assert priors.report() == ("prior: 1 of 1 answer changed",)


def test_thresholds_of_the_model_are_left_out_and_others_kept() -> None:
    given = replace(event(0.4), thresholds={"species": (0.9, 0.9)})
    (found,) = decide(Priors(CLASSES, TRAINED, GIVEN), [given])
    assert found.top("species")[0] == "fox"
    (kept,) = decide(Priors(CLASSES, TRAINED, GIVEN, keeps_thresholds=True), [given])
    assert kept.top("species")[0] == "unknown"


def test_shares_are_estimated_where_they_surely_differ(tmp_path: Path) -> None:
    priors = Priors(CLASSES, TRAINED)
    events = [event(0.9, f"{number}") for number in range(19)] + [event(0.4, "19")]
    found = decide(priors, events)
    assert found[-1].top("species")[0] == "fox"
    assert found[-1].columns == {"species": {"before_prior": "wolf"}}
    told, changed = priors.report()
    assert told == (
        "prior: 'species' is corrected, since its classes are not as common here as where it was"
        " calibrated (p = 0.0005, 20 events of 20 places): 'wolf' 5.7% in place of 50.0%,"
        " 'fox' 94.3% in place of 50.0%"
    )
    assert changed == "prior: 1 of 20 answers changed"
    priors.write_files(tmp_path / "p.csv")
    with (tmp_path / "p.csv.priors.csv").open() as file:
        fox, wolf = csv.DictReader(file)
    assert (fox["class"], fox["share_calibrated"], fox["corrected"]) == ("fox", "0.500000", "True")
    assert float(fox["share_here"]) + float(wolf["share_here"]) == pytest.approx(1)


def test_shares_that_may_be_the_same_are_kept() -> None:
    priors = Priors(CLASSES, TRAINED)
    events = [event(0.9 if number % 2 else 0.1, f"{number}") for number in range(20)]
    given = [replace(one, thresholds={"species": (0.5, 0.5)}) for one in events]
    found = decide(priors, given)
    assert [one.top("species") for one in found] == [one.top("species") for one in events]
    assert found[0].thresholds == {"species": (0.5, 0.5)}
    (told,) = priors.report()
    assert told.startswith("prior: no correction of 'species': the shares of its classes may be")


def test_shares_by_group() -> None:
    priors = Priors(CLASSES, TRAINED, by="park")
    events = [event(0.9, f"n{number}", park="N") for number in range(20)]
    events += [event(0.4, f"s{number}", park="S") for number in range(3)]
    found = decide(priors, events)
    assert found[-1].top("species")[0] == "wolf"
    assert found[0].top("species")[1] > 0.95
    assert priors.report()[0] == (
        "prior: 'species' is corrected in 1 of 2 groups by 'park', where its classes are not as"
        " common as where it was calibrated"
    )
