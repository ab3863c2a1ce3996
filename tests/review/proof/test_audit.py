"""The audit of a store."""

from __future__ import annotations

import pytest
from review_season import Season, make_predicted

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel, ReviewPrediction
from ctc.errors import UsageError
from ctc.review.proof.audit import read_proof
from ctc.review.proof.targets import Targets

UNSURE = Answer({"species": None})


def foxes(number: int, confidence: float = 0.9) -> list[ReviewEvent]:
    return [make_predicted(f"fox{n}", "fox", confidence) for n in range(number)]


def test_read_proof_shows_precision_as_soon_as_enough_are_right(season: Season) -> None:
    season.load(foxes(400))

    season.draw(69)
    before = season.claims()["fox"]
    season.draw(1)

    assert (before.state, before.more) == ("open", 1)
    assert season.claims()["fox"].state == "shown"


def test_read_proof_refutes_precision(season: Season) -> None:
    season.load(foxes(400), *["wolf", ""] * 200)

    season.draw(40)

    claim = season.claims()["fox"]
    assert (claim.state, claim.drawn, claim.threshold) == ("refuted", 40, None)
    assert claim.verdict == f"does not hold, {claim.right} of 40 drawn are right"


def test_read_proof_counts_no_event_behind_one_without_an_answer(season: Season) -> None:
    season.load(foxes(100))
    first, *others = season.next(10)

    season.answer(others)

    assert season.claims()["fox"].drawn == 0
    assert season.next(1) == [first]


def test_read_proof_takes_not_sure_for_wrong(season: Season) -> None:
    season.load(foxes(100))

    season.store.answer(season.ann, season.next(3), UNSURE)

    claim = season.claims()["fox"]
    assert (claim.drawn, claim.right, claim.estimate) == (3, 0, 0.0)


def test_read_proof_leaves_out_what_the_model_may_have_learnt(season: Season) -> None:
    season.load(foxes(100))
    season.draw(30)

    season.load(foxes(100, 0.99))

    claim = season.claims()["fox"]
    assert (claim.events, claim.drawn) == (70, 0)


def test_read_proof_finds_the_threshold_that_would_hold(season: Season) -> None:
    sure = foxes(300, 0.96)
    unsure = [make_predicted(f"unsure{n}", "fox", 0.55) for n in range(100)]
    season.load([*sure, *unsure], *[""] * 300, *["wolf"] * 100)

    season.draw(250)

    claim = season.claims()["fox"]
    assert (claim.state, claim.threshold, claim.threshold_events) == ("refuted", 0.6, 300)


def test_read_proof_has_no_claim_for_ranks_and_unknown(season: Season) -> None:
    season.load([make_predicted("a", "Canidae", 0.9), make_predicted("b", "unknown", 0.4)])

    assert season.claims() == {}


def test_read_proof_shows_that_no_animals_are_lost(season: Season) -> None:
    empty = [make_predicted(f"empty{n}", "empty", 0.9) for n in range(300)]
    season.load([*foxes(300), *empty])
    targets = Targets(animals_lost=0.1)

    season.draw(250)

    claim = season.claims(targets)["empty"]
    assert (claim.state, claim.events, claim.right) == ("shown", 300, claim.drawn)
    assert claim.bound <= 0.1


def test_read_proof_refutes_that_no_animals_are_lost(season: Season) -> None:
    empty = [make_predicted(f"empty{n}", "empty", 0.9) for n in range(300)]
    season.load([*empty, *foxes(300)], *["", "", "wolf"] * 100)

    season.draw(200)

    assert season.claims()["empty"].state == "refuted"


def test_read_proof_counts_dropped_events_as_blanks(season: Season) -> None:
    dropped = [make_predicted(f"dropped{n}", "fox", 0.4, dropped=True) for n in range(20)]
    season.load([*dropped, *foxes(50)])

    season.draw(20)

    with season.store.read() as connection:
        lost, precision = read_proof(connection).claims
    assert (lost.kind, lost.events, lost.right) == ("animals lost", 20, 0)
    assert (precision.kind, precision.events) == ("precision", 50)


def test_read_proof_reads_any_names(season: Season) -> None:
    classes = ("o'fox", "empty")
    label = ReviewLabel("it's", classes, classes)
    prediction = ReviewPrediction("o'fox", 0.9)
    event = ReviewEvent("", "a", 0, (), predictions={"it's": prediction})
    season.store.replace_events([event], [label])
    key = next(season.store.iter_events()).key

    season.store.answer(season.ann, [key], Answer({"it's": ("o'fox",)}))

    claim = season.claims()["o'fox"]
    assert (claim.state, claim.drawn) == ("shown", 1)


def test_read_proof_has_no_claim_without_a_model(season: Season) -> None:
    season.store.replace_events([ReviewEvent("", "a", 0, ())], [ReviewLabel("species", ("fox",))])

    assert season.claims() == {}


def test_targets_are_shares() -> None:
    with pytest.raises(UsageError, match="'animals lost' is 2: give a share between 0 and 1"):
        Targets(animals_lost=2)
