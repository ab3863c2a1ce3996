"""Overlap of activity, against integrals and sums, and of samples that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import iv
from scipy.stats import vonmises
from study_world import many

from ctc.ecology.activity.density import MINUTES, count_minutes, kernel_density
from ctc.ecology.activity.overlap import delta_1, delta_4, make_pattern, overlap

RECORDS = st.lists(st.integers(0, MINUTES - 1), min_size=8, max_size=30).filter(
    lambda one: len(set(one)) > 3
)


def sample(seed: int, mean: float, kappa: float, n: int) -> np.ndarray:
    angles = np.random.default_rng(seed).vonmises(mean, kappa, n) % (2 * np.pi)
    return count_minutes((angles * 86_400 / (2 * np.pi)).astype(int))


@many(50)
@given(one=RECORDS, other=RECORDS)
def test_deltas_are_what_their_formulas_say(one, other) -> None:
    counts = [count_minutes(np.array(each) * 60) for each in (one, other)]
    f, g = (kernel_density(each) for each in counts)
    area = sum(min(a, b) for a, b in zip(f, g, strict=True)) * 24 / MINUTES
    first = np.mean([min(1, g[at] / f[at]) for at in one])
    second = np.mean([min(1, f[at] / g[at]) for at in other])
    assert delta_1(f, g) == pytest.approx(area)
    assert delta_4(f, g, *counts) == pytest.approx((first + second) / 2)


@many(20)
@given(records=RECORDS)
def test_overlap_of_identical_samples_is_1(records) -> None:
    counts = count_minutes(np.array(records) * 60)
    density = kernel_density(counts)
    assert delta_1(density, density) == pytest.approx(1)
    assert delta_4(density, density, counts, counts) == pytest.approx(1)


def test_overlap_finds_that_of_known_densities() -> None:
    grid = np.linspace(0, 2 * np.pi, 10_000, endpoint=False)
    truth = np.minimum(vonmises.pdf(grid, 2, loc=1), vonmises.pdf(grid, 2, loc=2.5)).mean()
    patterns = make_pattern(sample(1, 1, 2, 1_500), 1), make_pattern(sample(2, 2.5, 2, 1_500), 2)
    first, fourth = overlap(*patterns)
    assert first.value == pytest.approx(truth * 2 * np.pi, abs=0.04)
    assert fourth.low < truth * 2 * np.pi < fourth.high


def of_overlap(hours: list[float], other: list[float], adjust: float) -> float:
    """Return Δ1 as the formulas of R's `overlap` 0.3.9 give it, von Mises by von Mises."""
    grid = np.linspace(0, 2 * np.pi, 128)[1:]
    shares = []
    for sample_of in (hours, other):
        angles = np.array(sample_of) * np.pi / 12
        mean = np.arctan2(np.sin(angles).sum(), np.cos(angles).sum())
        kappas = []
        for k in (1, 2, 3):
            turned = k * (angles - mean)
            moment = np.hypot(np.sin(turned).mean(), np.cos(turned).mean())
            gap = lambda x, k=k, moment=moment: iv(k, x) / iv(0, x) - moment  # noqa: E731
            kappas.append(brentq(gap, 1e-4, 345))
        kappa = max(kappas)
        spread = 3 * len(angles) * kappa**2 * iv(2, 2 * kappa)
        width = (spread / (4 * np.sqrt(np.pi) * iv(0, kappa) ** 2)) ** 0.4 / adjust
        density = vonmises.pdf(grid[:, None], width, loc=angles).mean(axis=1)
        shares.append(density / density.sum())
    return float(np.minimum(*shares).sum())


def test_overlap_has_the_smoothness_of_r() -> None:
    boar, hare = [0.5, 2, 3.5, 4, 18, 20, 21, 22, 23, 23.5], [4, 5, 5.5, 6, 7, 12, 19, 20, 20.5, 22]
    patterns = [make_pattern(count_minutes(np.array(one) * 3600), at) for at, one in
                enumerate((boar, hare))]  # fmt: skip
    found = overlap(*patterns)[0].value
    assert found == pytest.approx(of_overlap(boar, hare, 0.8), abs=0.002)
    assert abs(found - of_overlap(boar, hare, 1)) > 0.01


def test_overlap_of_day_and_night_is_near_0() -> None:
    patterns = make_pattern(sample(1, 0, 40, 200), 1), make_pattern(sample(2, 3.1, 40, 200), 2)
    assert overlap(*patterns)[0].high < 0.01


def test_make_pattern_is_the_same_again() -> None:
    counts = sample(1, 0, 1, 50)
    again = make_pattern(counts, 3).resampled
    np.testing.assert_array_equal(make_pattern(counts, 3).resampled, again)
