"""Overlap of two activity patterns, 0 to 1: Ridout & Linkie 2009.

Δ1 is the area below both densities; Δ4 takes the mean of their ratios at the records themselves.
Δ1's densities are less smooth, by the adjustment that Ridout & Linkie found best for it, that
of R's `overlap` by default (0.8 for Δ1, 1 for Δ4).
Ridout & Linkie advise Δ1 for small samples and Δ4 where both have more than 75 records. Intervals:
smoothed bootstrap, percentiles moved by the bias that the bootstrap shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctc.ecology.activity.density import MINUTES, kernel_density
from ctc.ecology.survey import Floats

RESAMPLES = 500
ADJUST_1 = 0.8
"""What the concentration of the kernel is divided by for Δ1."""
ENOUGH = 75
"""Records of both species from which on Δ4 is the better one."""
QUANTILES = (0.025, 0.975)


class Overlap(NamedTuple):
    """An estimate of the overlap with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def delta_1(one: Floats, other: Floats) -> Floats:
    """Return Δ1 of two densities per hour, (…, MINUTES)."""
    return np.asarray(np.minimum(one, other).sum(axis=-1) * 24 / MINUTES)


def delta_4(one: Floats, other: Floats, counts: Floats, other_counts: Floats) -> Floats:
    """Return Δ4 of two densities and the records by minute that they are of, (…, MINUTES)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(one > 0, np.minimum(1, other / one), 1.0)
        back = np.where(other > 0, np.minimum(1, one / other), 1.0)
    first = (counts * ratio).sum(axis=-1) / counts.sum(axis=-1)
    second = (other_counts * back).sum(axis=-1) / other_counts.sum(axis=-1)
    return np.asarray((first + second) / 2)


class Pattern(NamedTuple):
    """Records of a species by minute (MINUTES,) with their densities, and the same resampled.

    `rough` and `roughs` are the densities for Δ1.
    """

    counts: Floats
    density: Floats
    rough: Floats
    resampled: Floats
    densities: Floats
    roughs: Floats


def make_pattern(counts: Floats, seed: int) -> Pattern:
    """Return the activity of a species; species to compare need different seeds."""
    density = kernel_density(counts)
    rng = np.random.default_rng((seed, int(counts.sum())))
    drawn = rng.multinomial(int(counts.sum()), density / density.sum(), RESAMPLES).astype(float)
    return Pattern(
        counts,
        density,
        kernel_density(counts, ADJUST_1),
        drawn,
        kernel_density(drawn),
        kernel_density(drawn, ADJUST_1),
    )


def overlap(one: Pattern, other: Pattern) -> tuple[Overlap, Overlap]:
    """Return Δ1 and Δ4 of two species."""
    return (
        _interval(delta_1(one.rough, other.rough), delta_1(one.roughs, other.roughs)),
        _interval(
            delta_4(one.density, other.density, one.counts, other.counts),
            delta_4(one.densities, other.densities, one.resampled, other.resampled),
        ),
    )


def _interval(value: Floats, resampled: Floats) -> Overlap:
    low, high = np.quantile(resampled, QUANTILES) - (resampled.mean() - value)
    low, high = np.clip([low, high], 0, 1)
    return Overlap(float(value), float(low), float(high))
