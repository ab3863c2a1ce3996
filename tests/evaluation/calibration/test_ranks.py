"""Thresholds of ranks: hand-worked answers, and agreement with what `ctc predict` answers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ctc.evaluation.calibration.ranks import RankEvidence, describe_ranks, rank_thresholds
from ctc.evaluation.calibration.thresholds import Goal
from ctc.inference.decisions.ranks import RollUp

CLASSES = ("cat", "lynx", "dog", "blank")
TAXONOMY = {
    "cat": {"family": "Felidae", "genus": "Felis"},
    "lynx": {"family": "Felidae", "genus": "Lynx"},
    "dog": {"family": "Canidae", "genus": "Canis"},
    "ocelot": {"family": "Felidae", "genus": "Leopardus"},
}
LIMITS = {"cat": 0.9375, "lynx": 0.9375, "dog": None, "blank": 0.5}
GOAL = Goal(0.75, 0.05, "same locations")  # needs 13 answers, all right
SURE_CAT, SOME_CAT = (1.0, 0, 0, 0), (0.5, 0.375, 0.125, 0)


def evidence(*groups: tuple[int, str, tuple[float, ...]]) -> RankEvidence:
    """Return independent events: how many, their truth, their probabilities."""
    truth = [name for count, name, _ in groups for _ in range(count)]
    rows = [values for count, _, values in groups for _ in range(count)]
    numbers = np.arange(len(truth))
    unknown = np.full(len(truth), -1)
    return RankEvidence(
        tuple(truth),
        np.array(rows, np.float32),
        numbers,
        numbers,
        unknown,
        np.full(len(truth), ""),
    )


def fit(*groups: tuple[int, str, tuple[float, ...]]):
    found = rank_thresholds(evidence(*groups), CLASSES, TAXONOMY, LIMITS, GOAL)
    return {one.name: one for one in found}


def test_a_rank_is_sure_where_its_classes_are_not() -> None:
    found = fit((30, "cat", SURE_CAT), (10, "cat", SOME_CAT), (10, "lynx", SOME_CAT))
    assert (found["genus"].threshold, found["genus"].answers) == (None, 20)  # half of them Felis
    family = found["family"]
    assert (family.answers, family.accepted, family.precision) == (20, 20, 1.0)
    assert family.threshold == pytest.approx(0.875, abs=0.001)
    assert found["kingdom"].refusal == "never predicted"  # nothing is left over


def test_a_foreign_class_is_right_where_it_belongs_to_the_taxon() -> None:
    assert fit((20, "ocelot", SOME_CAT))["family"].precision == 1.0
    assert fit((20, "ocelot", SOME_CAT))["genus"].threshold is None


def test_a_foreign_class_without_an_entry_is_wrong() -> None:
    found = fit((20, "cat", SOME_CAT), (1, "serval", SOME_CAT), (1, "", SOME_CAT))
    assert found["family"].refusal.startswith("20 of 22 answers right")


def test_blanks_are_of_no_rank() -> None:
    found = fit((20, "blank", (0.25, 0.1875, 0.0625, 0.5)))
    assert {one.answers for one in found.values()} == {0}
    assert fit((20, "blank", (0.5, 0.25, 0.125, 0.125)))["kingdom"].threshold is None


def test_describe_ranks_tells_what_is_promised_and_what_is_not() -> None:
    found = fit((10, "cat", SOME_CAT), (10, "lynx", SOME_CAT))
    entry = {
        "label": "species",
        "made_for": {"unit": "event", "detector": ""},
        "scope": "new locations",
        "precision": 0.75,
        "confidence": 0.95,
        "ranks": {one.name: one.to_json() for one in found.values()},
    }
    head, genus, family, kingdom, photos = describe_ranks(
        [entry, {**entry, "made_for": {"unit": "photo", "detector": ""}}]
    )
    assert head == (
        "ranks of 'species', promised for new locations: of the answers at a rank at least 75% are "
        "right, with 95% confidence"
    )
    assert genus.startswith("  genus: no promise: 10 of 20 answers right")
    assert family.endswith("20 of 20 events that no lower rank answers, 100.0% of them right")
    assert kingdom == "  kingdom: no promise: never predicted"
    assert photos == "'species', of single photos: family"


def test_predict_answers_at_each_rank_what_was_accepted_there() -> None:
    rng = np.random.default_rng(5)
    genera = {f"c{n}": {"family": f"F{n // 4}", "genus": f"G{n // 2}"} for n in range(8)}
    classes = tuple(genera)
    number = rng.integers(0, 8, 3000)
    near = rng.dirichlet(np.full(8, 0.2), 3000)
    relatives = (np.arange(8) // 2 == number[:, np.newaxis] // 2) + 0.25 * (
        np.arange(8) // 4 == number[:, np.newaxis] // 4
    )
    rows = near * relatives + 0.02 * rng.dirichlet(np.ones(8), 3000)
    rows = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    known = RankEvidence(
        tuple(classes[one] for one in number),
        rows,
        np.arange(3000),
        np.arange(3000),
        np.full(3000, -1),
        np.full(3000, ""),
    )
    limits = dict.fromkeys(classes, 0.9)
    found = rank_thresholds(known, classes, genera, limits, Goal(0.9, 0.05, "same locations"))
    roll_up = RollUp(classes, genera, limits, {one.name: one.threshold for one in found})
    answers = [roll_up.answer(row) for row in rows]
    told = Counter(one.rank for one in answers if one.name not in classes)
    assert {one.name: one.accepted for one in found if one.accepted} == {
        rank: count for rank, count in told.items() if rank
    }
    assert found[0].accepted > 100
