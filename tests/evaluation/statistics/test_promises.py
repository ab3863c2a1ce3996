"""The deepest proven cut: worked cases, and how often it is wrong in seeded simulations."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.evaluation.statistics.korn_graubard import ClusterCounts, intraclass_correlation
from ctc.evaluation.statistics.promises import Cut, cut_ends, deepest_cut, first_cut

TARGET, TAIL = 0.95, 0.05


def test_all_is_accepted_where_all_is_right() -> None:
    score = np.linspace(1, 0.5, 200)
    found = deepest_cut(score, np.ones(200, bool), np.arange(200), TARGET, TAIL)
    assert isinstance(found, Cut)
    assert (found.score, found.accepted, found.share, found.clusters) == (0.5, 200, 1.0, 200)
    assert found.at_least >= TARGET


def test_wrong_ones_at_the_end_are_left_out() -> None:
    score = np.linspace(1, 0.5, 1000)
    found = deepest_cut(score, np.arange(1000) < 600, np.arange(1000), TARGET, TAIL)
    assert isinstance(found, Cut)
    assert found.accepted == 600


def test_the_cuts_are_fixed_by_the_scores_alone() -> None:
    score = np.round(np.linspace(1, 0, 500), 2)
    ends = cut_ends(score, 72)
    assert ends[-1] == 500
    assert all(end == 500 or score[end] < score[end - 1] for end in ends)


@pytest.mark.parametrize(
    ("number", "clusters", "least", "why"),
    [
        (71, 71, 2, "too few"),
        (500, 1, 2, "one run"),
        (500, 4, 5, "too few locations"),
        (500, 500, 2, "not reached"),
    ],
)
def test_refusals(number: int, clusters: int, least: int, why: str) -> None:
    hit = np.arange(number) % 5 > 0 if why == "not reached" else np.ones(number, bool)
    found = deepest_cut(
        np.linspace(1, 0, number), hit, np.arange(number) % clusters, TARGET, TAIL, None, least
    )
    assert found == why


def test_alike_observations_are_no_further_evidence() -> None:
    score, cluster = np.linspace(1, 0.5, 300), np.repeat(np.arange(30), 10)
    assert deepest_cut(score, np.ones(300, bool), cluster, TARGET, TAIL) == "too few"


@pytest.mark.parametrize(
    ("right", "burst", "cameras"),
    [(0.9499, 1, 0), (0.94, 1, 0), (0.945, 5, 0), (0.94, 1, 8), (0.94, 1, 20)],
)
def test_a_precision_that_is_not_there_is_hardly_ever_promised(
    right: float, burst: int, cameras: int
) -> None:
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(200):
        n = 1000 // burst
        cluster, share = np.arange(n), np.full(n, right)
        if cameras:
            cluster = rng.integers(0, cameras, n)
            logit = np.log(right / (1 - right)) + rng.normal(0, 0.7, cameras)[cluster]
            share = 1 / (1 + np.exp(-logit))
        rows = np.repeat(np.arange(n), burst)
        score, hit, cluster = rng.random(n)[rows], (rng.random(n) < share)[rows], cluster[rows]
        alike = intraclass_correlation(ClusterCounts.count(cluster, hit))
        wrong += isinstance(deepest_cut(score, hit, cluster, TARGET, TAIL, alike), Cut)
    assert wrong / 200 <= 0.08


def test_the_first_cut_is_where_alike_observations_could_prove_the_target() -> None:
    bursts = np.repeat(np.arange(600), 5)
    assert first_cut(np.arange(600), TARGET, TAIL, None) == 72
    assert 72 * 5 <= first_cut(bursts, TARGET, TAIL, 1.0) <= 72 * 5 * 1.06
    assert first_cut(bursts[:300], TARGET, TAIL, 1.0) is None


def test_bursts_are_worth_as_much_as_their_first_photos() -> None:
    rng = np.random.default_rng(4)
    score, hit = rng.random(400), rng.random(400) < 0.99
    bursts = np.repeat(np.arange(400), 5)
    found = deepest_cut(score[bursts], hit[bursts], bursts, TARGET, TAIL, 1.0)
    assert isinstance(found, Cut)
    assert found.accepted == 2000


def test_a_good_model_is_promised_nearly_all() -> None:
    rng = np.random.default_rng(3)
    accepted = []
    for _ in range(50):
        hit = rng.random(1000) < 0.98
        found = deepest_cut(rng.random(1000), hit, np.arange(1000), TARGET, TAIL)
        accepted.append(found.accepted / 1000 if isinstance(found, Cut) else 0)
    assert np.mean(accepted) > 0.9
