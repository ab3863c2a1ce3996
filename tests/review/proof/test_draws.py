"""The order in which the audit draws events."""

from __future__ import annotations

from review_season import Season, make_predicted

from ctc.artifacts.review.records import ReviewEvent
from ctc.review.proof.audit import read_proof
from ctc.review.proof.draws import Draw, next_draws


def foxes(number: int) -> list[ReviewEvent]:
    return [make_predicted(f"fox{n}", "fox", 0.9) for n in range(number)]


def draws(season: Season, limit: int, after: tuple[float, int], skip: int = 0) -> list[Draw]:
    with season.store.read() as connection:
        claims = read_proof(connection).claims
        return next_draws(connection, claims, limit, after, skip)


def test_next_draws_takes_turns_between_claims(season: Season) -> None:
    wolves = [make_predicted(f"wolf{n}", "wolf", 0.9) for n in range(5)]
    season.load([*foxes(100), *wolves])

    drawn = season.store.events(season.next(10))

    answers = [event.predictions["species"].answer for event in drawn]
    assert answers.count("wolf") == 5


def test_next_draws_leaves_out_claims_that_are_shown(season: Season) -> None:
    wolves = [make_predicted(f"wolf{n}", "wolf", 0.9) for n in range(5)]
    season.load([*foxes(100), *wolves])

    season.draw(10)

    drawn = season.store.events(season.next(10))
    assert {event.predictions["species"].answer for event in drawn} == {"fox"}


def test_next_draws_pages(season: Season) -> None:
    season.load(foxes(100))
    first = draws(season, 10, (-1, -1))

    later = draws(season, 10, first[3][:2], skip=2)

    assert later[:4] == first[6:]
    assert len(later) == 10


def test_next_draws_asks_for_other_answers_where_animals_are_counted(season: Season) -> None:
    empty = [make_predicted(f"empty{n}", "empty", 0.9) for n in range(400)]
    ranks = [make_predicted(f"rank{n}", "Canidae", 0.9) for n in range(30)]
    season.load([*empty, *ranks])

    drawn = season.store.events(season.next(40))

    answers = [event.predictions["species"].answer for event in drawn]
    assert 10 < answers.count("Canidae") < 30


def test_next_draws_is_empty_when_all_is_shown(season: Season) -> None:
    season.load(foxes(5))

    season.draw(5)

    assert season.next(5) == []
