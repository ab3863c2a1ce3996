import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from review_events import FOX, LABELS, UNSURE, WOLF, make_event
from sklearn.metrics import cohen_kappa_score

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore
from ctc.review.agreement import Agreement, cohen_kappa, reviewer_agreements


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReviewStore]:
    with ReviewStore.open(tmp_path / "review.sqlite", make=True) as opened:
        opened.replace_events([make_event(name) for name in "abcde"], LABELS)
        yield opened


def answer(store, name, *answers):
    reviewer = store.ensure_reviewer(name)
    for event, one in zip(list(store.iter_events()), answers, strict=False):
        if one is not None:
            store.answer(reviewer, [event.key], one)


def agreements(store):
    with store.read() as connection:
        return reviewer_agreements(connection)


@pytest.mark.parametrize("seed", range(20))
def test_cohen_kappa_is_that_of_scikit_learn(seed):
    rng = random.Random(seed)
    n, classes = rng.randrange(5, 200), "abcdef"[: rng.randrange(2, 7)]
    first = rng.choices(classes, k=n)
    second = [one if rng.random() < 0.6 else rng.choice(classes) for one in first]
    expected = cohen_kappa_score(first, second)
    assert cohen_kappa(first, second) == pytest.approx(expected, abs=1e-12)


def test_cohen_kappa_of_one_class_alone_is_not_defined():
    assert cohen_kappa(["fox", "fox"], ["fox", "fox"]) is None
    assert cohen_kappa([], []) is None


def test_reviewer_agreements_of_two(store):
    answer(store, "Bob", FOX, FOX, WOLF, WOLF)
    answer(store, "Ann", FOX, WOLF, WOLF, WOLF, FOX)
    kappa = cohen_kappa_score(list("fwww"), list("ffww"))
    assert agreements(store) == [
        Agreement(("Ann", "Bob"), "species", 4, 3, pytest.approx(kappa, abs=1e-12))
    ]


def test_reviewer_agreements_leave_out_not_sure(store):
    answer(store, "Ann", UNSURE, FOX)
    answer(store, "Bob", FOX, WOLF)
    assert [(one.events, one.agreed) for one in agreements(store)] == [(1, 0)]


def test_reviewer_agreements_are_per_pair_and_label(store):
    both = Answer({"species": ("fox",), "behaviour": ("eating", "resting")})
    turned = Answer({"species": ("fox",), "behaviour": ("resting", "eating")})
    for name, one in (("Ann", both), ("Bob", turned), ("Cid", FOX)):
        answer(store, name, one)
    assert [(one.reviewers, one.label, one.agreed) for one in agreements(store)] == [
        (("Ann", "Bob"), "behaviour", 1),
        (("Ann", "Bob"), "species", 1),
        (("Ann", "Cid"), "species", 1),
        (("Bob", "Cid"), "species", 1),
    ]


def test_reviewer_agreements_follow_undo(store):
    answer(store, "Ann", FOX)
    answer(store, "Bob", WOLF)
    store.undo(store.ensure_reviewer("Bob"))
    assert agreements(store) == []
