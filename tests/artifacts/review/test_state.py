import pytest
from review_events import FOX, UNSURE, WOLF

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.state import Given, settle

BOTH = Answer({"behaviour": ("eating", "resting")})
TURNED = Answer({"behaviour": ("resting", "eating")})


@pytest.mark.parametrize(
    ("given", "state", "answer"),
    [
        ([], "open", None),
        ([("reviewer", FOX)], "answered", FOX),
        ([("reviewer", UNSURE)], "unsure", UNSURE),
        ([("reviewer", FOX), ("reviewer", FOX)], "answered", FOX),
        ([("reviewer", FOX), ("reviewer", WOLF)], "disagreement", None),
        ([("reviewer", UNSURE), ("reviewer", WOLF)], "answered", WOLF),
        ([("reviewer", WOLF), ("reviewer", UNSURE)], "answered", WOLF),
        ([("lead", FOX), ("reviewer", WOLF)], "answered", FOX),
        ([("lead", FOX), ("lead", UNSURE), ("reviewer", WOLF)], "unsure", UNSURE),
        ([("reviewer", BOTH), ("reviewer", TURNED)], "answered", BOTH),
    ],
)
def test_settle(given, state, answer):
    assert settle([Given(*one) for one in given]) == (state, answer)


def test_settle_joins_labels_of_reviewers():
    count = Answer({"count": ("2",)})
    both = Answer({"species": ("fox",), "count": ("2",)})
    assert settle([Given("reviewer", FOX), Given("reviewer", count)]) == ("answered", both)
