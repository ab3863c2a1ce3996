"""Species accumulation: the species that are to be expected in k places, taken in random order.

The mean and its interval have closed forms, Mao Tau: Colwell, Mao & Chang 2004,
https://doi.org/10.1890/03-0557 (equations 5 and 6), with Chao's estimate of all species, Chao 1987,
https://doi.org/10.2307/2531532, in the form without bias for small samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctc.ecology.survey import Bools, Floats, Ints


@dataclass(frozen=True)
class Accumulation:
    """Expected species in 1, 2, …, H places, (H,), with the ends of a 95 % interval.

    `observed`: all species that were seen. `estimated`: those that there are, by Chao2.
    """

    mean: Floats
    low: Floats
    high: Floats
    observed: int
    estimated: float


def accumulate(seen: Bools) -> Accumulation:
    """Return the curve; `seen` (H, species): which species was seen at each place."""
    places = len(seen)
    often = seen.sum(axis=0)
    often = often[often > 0]
    estimated = chao2(often, places)
    missed = _missed(often, places)
    mean = (1 - missed).sum(axis=1)
    variance = ((1 - missed) ** 2).sum(axis=1)
    if estimated > 0:
        variance = variance - mean**2 / estimated
    half = 1.959964 * np.sqrt(np.maximum(variance, 0))
    return Accumulation(mean, np.maximum(mean - half, 0), mean + half, len(often), estimated)


def chao2(often: Ints, places: int) -> float:
    """Return the estimated number of species, from at how many places each was seen."""
    once, twice = int((often == 1).sum()), int((often == 2).sum())
    return len(often) + (places - 1) / max(places, 1) * once * (once - 1) / (2 * (twice + 1))


def _missed(often: Ints, places: int) -> Floats:
    """Return the probability that k random places miss a species, (H, species)."""
    from scipy.special import gammaln

    k = np.arange(1, places + 1)[:, None]
    left = places - often[None, :]
    with np.errstate(invalid="ignore"):
        log = (
            gammaln(left + 1)
            - gammaln(left - k + 1)
            - gammaln(places + 1)
            + gammaln(places - k + 1)
        )
    return np.where(k <= left, np.exp(log), 0.0)
