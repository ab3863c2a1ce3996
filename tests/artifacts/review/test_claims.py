"""Claims of an audit in words and JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.artifacts.review.claims import Claim, Proof, state_of

OPEN = Claim("precision", "species", "fox", 0.95, "open", 1_200, 40, 39, 0.975, 0.88, more=60)
LOST = replace(OPEN, kind="animals lost", name="empty", target=0.02)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (OPEN, "not shown yet, 39 of 40 drawn are right; 60 more if it goes on like this"),
        (replace(OPEN, state="shown"), "shown, 39 of 40 drawn are right"),
        (replace(OPEN, state="refuted", more=None), "does not hold, 39 of 40 drawn are right"),
        (
            replace(OPEN, state="refuted", threshold=0.8, threshold_events=900),
            (
                "does not hold, 39 of 40 drawn are right; it holds for the 900 with a probability"
                " of at least 0.8"
            ),
        ),
        (
            replace(OPEN, more=None),
            (
                "not shown yet, 39 of 40 drawn are right; too few for it to be shown if it goes on"
                " like this"
            ),
        ),
        (
            replace(LOST, to_draw=70),
            "not shown yet, 39 of 40 drawn are empty; draw 70 more of the other answers",
        ),
    ],
    ids=["open", "shown", "refuted", "threshold", "never", "others"],
)
def test_claim_says_how_it_stands(claim: Claim, text: str) -> None:
    assert claim.verdict == text


def test_claim_says_what_it_promises() -> None:
    assert OPEN.promise == "at least 95.0% of the 1,200 'fox' are right"
    assert LOST.promise == ("at most 2.0% of the events with animals are among the 1,200 'empty'")


def test_state_of_takes_shown_before_refuted() -> None:
    assert [state_of(True, False), state_of(False, True), state_of(False, False)] == [
        "shown",
        "refuted",
        "open",
    ]


def test_proof_is_enough_when_all_is_shown() -> None:
    shown = replace(OPEN, state="shown")

    assert Proof(0.95, "", 0, (shown, shown)).is_enough
    assert not Proof(0.95, "", 0, (shown, OPEN)).is_enough
    assert not Proof(0.95, "", 0, ()).is_enough


def test_proof_in_lines() -> None:
    lines = Proof(0.95, "", 0, (replace(OPEN, state="shown"), LOST)).lines()

    assert lines[0] == "the audit has shown 1 of 2 claims"
    assert lines[1].endswith("are right: shown, 39 of 40 drawn are right")


def test_proof_as_json() -> None:
    written = Proof(0.95, "2025-06-15T15:06:40.000Z", 3, (OPEN,)).to_json()

    assert (written["is_enough"], written["left_out"], len(written["claims"])) == (False, 3, 1)
    claim = written["claims"][0]
    assert (claim["name"], claim["more"], claim["verdict"]) == ("fox", 60, OPEN.verdict)
