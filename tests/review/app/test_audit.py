"""The audit that the page shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_season import Season, make_predicted, open_season

from ctc.review.app.audit import Audit
from ctc.review.proof.targets import Targets
from ctc.review.queues.filters import EventFilter

FOXES = [make_predicted(f"fox{n}", "fox", 0.9) for n in range(40)]
WOLVES = [make_predicted(f"wolf{n}", "wolf", 0.9) for n in range(20)]
ALL = EventFilter("Ann", "species")


@pytest.fixture
def season(tmp_path: Path) -> Iterator[Season]:
    with open_season(tmp_path / "review.sqlite") as opened:
        opened.load([*FOXES, *WOLVES])
        yield opened


def test_audit_reads_the_proof_anew_after_an_answer(season: Season) -> None:
    audit = Audit(season.store, Targets())
    before = audit.proof()

    season.draw(20)

    assert sum(one.drawn for one in before.claims) == 0
    assert sum(one.drawn for one in audit.proof().claims) == 20


def test_audit_pages_follow_each_other(season: Season) -> None:
    audit = Audit(season.store, Targets())

    first = audit.page(ALL, None, 50, 0)

    assert first is not None
    second = audit.page(ALL, first.next, 50, 0)
    assert second is not None
    assert second.next is None
    assert len({*first.keys, *second.keys}) == 60


def test_audit_draws_for_one_class(season: Season) -> None:
    chosen = EventFilter("Ann", "species", class_name="wolf")

    page = Audit(season.store, Targets()).page(chosen, None, 50, 0)

    assert page is not None
    assert len(page.keys) == 20


def test_audit_leaves_other_filters_to_the_queue(season: Season) -> None:
    chosen = EventFilter("Ann", "species", place="north")

    assert Audit(season.store, Targets()).page(chosen, None, 50, 0) is None


def test_audit_leaves_the_rest_to_the_queue_when_all_is_shown(season: Season) -> None:
    season.draw(60)

    assert Audit(season.store, Targets()).page(ALL, None, 50, 0) is None


def test_proof_is_served(api) -> None:
    api.answer(0, "fox")
    api.answer(1, "fox")

    given = api.get("/api/proof").json()

    claims = {claim["name"]: claim for claim in given["claims"]}
    assert (given["is_enough"], given["confidence"]) == (False, 0.95)
    assert claims["fox"]["verdict"] == "shown, 2 of 2 drawn are right"
    assert claims["deer"]["more"] == 1


def test_the_audit_queue_draws_for_open_claims(api) -> None:
    api.answer(0, "fox")
    api.answer(1, "fox")

    given = api.get("/api/events", queue="audit", label="species").json()

    assert {event["key"] for event in given["events"]} == {*api.keys[2:]}
    assert given["next"] is None
