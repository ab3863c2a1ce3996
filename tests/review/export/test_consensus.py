import pytest

from ctc.artifacts.review.answer import Answer
from ctc.review.export.consensus import Given, Verdict, decide

FOX, WOLF, UNSURE = ("fox",), ("wolf",), None
REVIEWER, LEAD = "reviewer", "lead"


def decided(rule, *votes):
    """Return the verdict on votes (role, classes), given by 1, 2 … in that order."""
    given = [
        Given(str(at), role, f"2025-06-0{at}", Answer({"species": classes}))
        for at, (role, classes) in enumerate(votes, 1)
    ]
    return decide(given, rule)["species"]


def test_decide_takes_what_all_say():
    both = decided("agreed", (REVIEWER, FOX), (REVIEWER, FOX))
    assert both == Verdict(FOX, ("1", "2"), "2025-06-02")


@pytest.mark.parametrize("rule", ["agreed", "majority", "lead"])
def test_decide_leaves_two_who_differ_undecided(rule):
    assert decided(rule, (REVIEWER, FOX), (REVIEWER, WOLF)) is None


def test_decide_latest_takes_the_last_of_two_who_differ():
    latest = decided("latest", (REVIEWER, FOX), (REVIEWER, WOLF))
    assert latest == Verdict(WOLF, ("2",), "2025-06-02")


def test_decide_majority_differs_from_agreed():
    votes = (REVIEWER, FOX), (REVIEWER, WOLF), (REVIEWER, FOX)
    assert decided("agreed", *votes) is None
    assert decided("majority", *votes) == Verdict(FOX, ("1", "3"), "2025-06-03")


@pytest.mark.parametrize("rule", ["agreed", "majority", "lead"])
def test_decide_lets_a_lead_settle(rule):
    votes = (LEAD, WOLF), (REVIEWER, FOX), (REVIEWER, FOX)
    assert decided(rule, *votes) == Verdict(WOLF, ("1",), "2025-06-01")


def test_decide_lead_takes_nobody_else():
    assert decided("lead", (REVIEWER, FOX)) is None


def test_decide_takes_a_class_before_not_sure():
    assert decided("agreed", (REVIEWER, UNSURE), (REVIEWER, FOX)).classes == FOX


def test_decide_knows_when_nobody_is_sure():
    assert decided("agreed", (REVIEWER, UNSURE), (REVIEWER, UNSURE)).classes is None


def test_decide_compares_several_classes_in_any_order():
    votes = (REVIEWER, ("fox", "wolf")), (REVIEWER, ("wolf", "fox"))
    assert decided("agreed", *votes).reviewers == ("1", "2")


def test_decide_looks_at_each_label_alone():
    given = [
        Given("1", REVIEWER, "2025-06-01", Answer({"species": FOX, "sex": ("female",)})),
        Given("2", REVIEWER, "2025-06-02", Answer({"species": FOX, "sex": ("male",)})),
    ]
    found = decide(given, "agreed")
    assert (found["species"].classes, found["sex"]) == (FOX, None)
