"""Whether the activity at a camera is twelve hours off that at the others.

The events of a class by time of day are taken as a draw from the activity of the class, which
differs from camera to camera: Dirichlet-multinomial, with the mean of the other cameras and one
concentration for all, that the cameras themselves tell (its lower 95 % confidence limit, by
profile likelihood). The likelihood ratio of the times moved by twelve hours and as they are is an
e-value: if the clock is right, it is 1/p or more with a probability of p at most (Markov's
inequality), however few events there are.

Some classes have two kinds of animals, and a few places only the rarer one: so the model of a right
clock is a mixture, in which a class is active at the opposite hours with a probability of 1 in 50.
No class alone can say more than that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.inventory.clocks.cameras import Camera

BINS = 12
"""Of two hours each."""
MIN_CAMERAS = 5
"""With fewer cameras, nothing tells how much they differ."""
MIN_EVENTS = 30
"""Events of a class at other cameras, from which its activity is known."""
OPPOSITE = 0.02
"""Probability that a class is active at the opposite hours at a camera, in the model of a right
clock."""
_MAX_PER_CAMERA = 100.0
_CONCENTRATIONS = np.geomspace(0.5, 500, 40)
_STEPS = 7
_DROP = 1.92  # half of the 95 % quantile of chi-squared with one degree of freedom

Counts = NDArray[np.float64]


def half_day_ratios(cameras: Sequence[Camera], is_wrong: Sequence[NDArray[np.bool_]]) -> Counts:
    """Return the likelihood ratio of 'twelve hours off' and 'right' of each camera, (cameras,).

    `is_wrong`: events of each camera that don't count. NaN where there is too little to compare.
    """
    counts = _counts(cameras, is_wrong)
    shapes = _shapes(counts)
    known = ~np.isnan(shapes[..., 0])
    compared = (known & (counts.sum(-1) > 0)).any(0)
    if compared.sum() < MIN_CAMERAS:
        return np.full(len(cameras), np.nan)
    concentration = _concentration(counts, shapes)
    moved = np.roll(shapes, BINS // 2, axis=-1)
    log_ratio = _log_likelihood(counts, moved, concentration)
    log_ratio -= _log_likelihood(counts, shapes, concentration)
    log_ratio = np.where(known, log_ratio, 0.0)
    of_mixture = log_ratio - np.logaddexp(np.log(1 - OPPOSITE), np.log(OPPOSITE) + log_ratio)
    total = of_mixture.sum(0)
    return np.where(compared, np.exp(np.clip(total, -700, 700)), np.nan)


def _counts(cameras: Sequence[Camera], is_wrong: Sequence[NDArray[np.bool_]]) -> Counts:
    """Return events by class, camera and time of day; one of each class, camera and hour."""
    classes = 1 + max((int(one.classes.max(initial=-1)) for one in cameras), default=-1)
    counts = np.zeros((classes, len(cameras), BINS))
    for number, (camera, wrong) in enumerate(zip(cameras, is_wrong, strict=True)):
        kept = ~wrong & (camera.classes >= 0)
        hours = camera.times[kept].astype("datetime64[h]").astype(np.int64)
        pairs = np.unique(np.stack([camera.classes[kept], hours]), axis=1)
        np.add.at(counts, (pairs[0], number, pairs[1] % 24 * BINS // 24), 1)
    return counts


def _shapes(counts: Counts) -> Counts:
    """Return the shares of the times of day of each class at the other cameras; NaN if few."""
    events = counts.sum(-1, keepdims=True)
    limited = counts * np.minimum(1, _MAX_PER_CAMERA / np.maximum(events, 1))
    others = limited.sum(1, keepdims=True) - limited
    shares = others + 0.5
    shares /= shares.sum(-1, keepdims=True)
    enough = others.sum(-1, keepdims=True) >= MIN_EVENTS
    return np.where(enough, shares, np.nan)


def _concentration(counts: Counts, shapes: Counts) -> float:
    """Return the lower confidence limit of the concentration."""
    values = [np.nansum(_log_likelihood(counts, shapes, one)) for one in _CONCENTRATIONS]
    best = int(np.argmax(values))
    below = [at for at in range(best + 1) if values[at] >= values[best] - _DROP]
    return float(_CONCENTRATIONS[min(below)])


def _log_likelihood(counts: Counts, shapes: Counts, concentration: float) -> Counts:
    """Return the logarithms of Dirichlet-multinomial likelihoods, but for the coefficients."""
    alpha = concentration * shapes
    rising = _log_gamma(counts + alpha) - _log_gamma(alpha)
    total = counts.sum(-1)
    whole = _log_gamma(np.array(concentration)) - _log_gamma(total + concentration)
    return np.asarray(rising.sum(-1) + whole)


def _log_gamma(values: Counts) -> Counts:
    """Return ln Γ of values > 0, by Stirling's series beyond 7 (Abramowitz & Stegun 6.1.41)."""
    product = np.ones_like(values)
    for step in range(_STEPS):
        product = product * (values + step)
    large = values + _STEPS
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1_260 * large**5)
    stirling = (large - 0.5) * np.log(large) - large + np.log(2 * np.pi) / 2 + series
    return np.asarray(stirling - np.log(product))


def event_hours(camera: Camera) -> Ints:
    """Return the hour of each event by the camera's clock, 0 to 23."""
    return camera.times.astype("datetime64[h]").astype(np.int64) % 24
