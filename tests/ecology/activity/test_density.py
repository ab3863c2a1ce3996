"""Kernel density on the circle, against a sum over the records, and of known mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import i0, iv
from scipy.stats import vonmises
from study_world import many

from ctc.ecology.activity.density import (
    MINUTES,
    count_minutes,
    kernel_concentration,
    kernel_density,
)

RECORDS = st.lists(st.integers(0, MINUTES - 1), min_size=5, max_size=30).filter(
    lambda one: len(set(one)) > 3
)
HIGHEST = 350
HOUR = np.arange(MINUTES) / 60


def slow_concentration(angles: np.ndarray) -> float:
    """Return Taylor's concentration, with the formula as it is printed.

    Skips records so close to each other that it overflows.
    """
    found = []
    for k in (1, 2, 3):
        moment = abs(np.exp(1j * k * angles).mean())
        assume(moment < iv(k, HIGHEST) / i0(HIGHEST))
        found.append(brentq(lambda kappa: iv(k, kappa) / i0(kappa) - moment, 0, HIGHEST))  # noqa: B023
    kappa = max(found)
    n = len(angles)
    return (3 * n * kappa**2 * iv(2, 2 * kappa) / (4 * np.sqrt(np.pi) * i0(kappa) ** 2)) ** 0.4


@many(100)
@given(records=RECORDS)
def test_kernel_density_is_the_sum_over_records(records) -> None:
    angles = np.array(records) * 2 * np.pi / MINUTES
    counts = count_minutes(np.array(records) * 60)
    kappa = slow_concentration(angles)
    grid = np.arange(MINUTES) * 2 * np.pi / MINUTES
    sums = np.mean([vonmises.pdf(grid, kappa, loc=one) for one in angles], axis=0)
    assert kernel_concentration(counts) == pytest.approx(kappa, rel=1e-4)
    np.testing.assert_allclose(kernel_density(counts), sums * 2 * np.pi / 24, atol=1e-4)


def test_kernel_density_integrates_to_1() -> None:
    counts = count_minutes(np.random.default_rng(1).integers(0, 86_400, 200))
    assert kernel_density(counts).sum() * 24 / MINUTES == pytest.approx(1)


def test_kernel_density_finds_a_known_mixture() -> None:
    rng = np.random.default_rng(1)
    night, noon = rng.vonmises(0, 8, 12_000), rng.vonmises(np.pi, 3, 8_000)
    seconds = np.round(np.concatenate([night, noon]) % (2 * np.pi) * 86_400 / (2 * np.pi))
    angle = HOUR * 2 * np.pi / 24
    truth = 0.6 * vonmises.pdf(angle, 8) + 0.4 * vonmises.pdf(angle, 3, loc=np.pi)
    found = kernel_density(count_minutes(seconds.astype(int)))
    assert np.abs(found - truth * 2 * np.pi / 24).max() < 0.012


def test_kernel_density_of_rows_is_that_of_each() -> None:
    rng = np.random.default_rng(2)
    rows = np.stack([count_minutes(rng.integers(0, 40_000, n)) for n in (20, 300)])
    np.testing.assert_allclose(kernel_density(rows)[1], kernel_density(rows[1]), atol=1e-9)


def test_count_minutes_goes_around_midnight() -> None:
    assert count_minutes(np.array([86_399, 0, 61]))[:2].tolist() == [2, 1]
