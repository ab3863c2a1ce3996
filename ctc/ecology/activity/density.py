"""Kernel density of times of day on the circle.

The kernel is von Mises'; its concentration is that of Taylor 2008, chosen for the strongest of the
first three trigonometric moments as Ridout & Linkie 2009 do, https://doi.org/10.1198/jabes.2009.08038
(Taylor: https://doi.org/10.1016/j.csda.2007.11.003, equation 7). Times are counted by minute.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ctc.ecology.survey import Floats, Ints

MINUTES = 1_440
MOMENTS = 3
_CONCENTRATIONS = np.concatenate(([0.0], np.geomspace(1e-5, 500, 20_000)))
"""Those that a moment is looked up for; beyond, moments are as good as 1."""
_NEGLIGIBLE = 40.0
"""Minus the logarithm of what a harmonic of the kernel adds that is left out."""


def count_minutes(seconds: Ints) -> Floats:
    """Count records by the minute of the day, (MINUTES,); `seconds` (n,) since any midnight."""
    nearest = np.round(seconds % 86_400 / 60).astype(np.int64) % MINUTES
    return np.bincount(nearest, minlength=MINUTES).astype(float)


def kernel_density(counts: Floats, adjust: float = 1) -> Floats:
    """Return the density per hour at each minute of the day, (…, MINUTES).

    `counts` (…, MINUTES): records by minute, at least one in each row, which has a kernel of its
    own. Its concentration is divided by `adjust`, as in R's `overlap`. The integral over 24 hours
    is 1.
    """
    kappa = kernel_concentration(counts) / adjust
    moments = np.fft.rfft(counts / counts.sum(axis=-1, keepdims=True), axis=-1)
    kernel = _kernel_moments(kappa)
    moments = moments[..., : kernel.shape[-1]] * kernel
    return np.maximum(np.fft.irfft(moments, MINUTES, axis=-1), 0) * MINUTES / 24


def kernel_concentration(counts: Floats) -> Floats:
    """Return the concentration of the kernel of records by minute; (…,) for (…, MINUTES)."""
    from scipy.special import ive

    n = counts.sum(axis=-1)
    moments = np.abs(np.fft.rfft(counts, axis=-1)[..., 1 : MOMENTS + 1]) / n[..., None]
    fits = [np.interp(moments[..., k - 1], table, _CONCENTRATIONS) for k, table in _tables()]
    kappa = np.max(fits, axis=0)
    # ive(v, x) = iv(v, x) · exp(−x), so that the exponents cancel
    ratio = ive(2, 2 * kappa) / ive(0, kappa) ** 2
    return np.asarray((3 * n * kappa**2 * ratio / (4 * np.sqrt(np.pi))) ** 0.4)


@cache
def _tables() -> tuple[tuple[int, Floats], ...]:
    """Return the moments I_k/I_0 of von Mises' distribution at _CONCENTRATIONS, by order k."""
    from scipy.special import ive

    none = ive(0, _CONCENTRATIONS)
    return tuple((k, ive(k, _CONCENTRATIONS) / none) for k in range(1, MOMENTS + 1))


def _kernel_moments(kappa: Floats) -> Floats:
    """Return the moments of the kernels from order 0 on, (…, orders)."""
    from scipy.special import ive

    enough = int(np.sqrt(2 * _NEGLIGIBLE * np.max(kappa, initial=0))) + 20
    orders = np.arange(min(enough, MINUTES // 2) + 1)
    return np.asarray(ive(orders, kappa[..., None]) / ive(0, kappa)[..., None])
