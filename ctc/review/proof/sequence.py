"""Bounds on how many of N events are right, from draws at random, valid at all times at once.

A betting confidence sequence without replacement (Waudby-Smith & Ramdas 2023, section 5,
https://doi.org/10.1093/jrsssb/qkad009). Against "at most m of the N are right", a bet on "k > m
are right" multiplies its capital at each draw by the ratio of the two probabilities of that draw:
a fair or losing game whenever at most m are right. A fixed mixture of such bets exceeds 1 / alpha
at any time with a probability of at most alpha (Ville's inequality), so looks after each answer
cost nothing. Since the events are drawn one by one at random from a season that does not change,
nothing is assumed of them: bursts and cameras may be as alike as they like.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Bets:
    """The shares of hits that are bet on, highest first, and the capital of each, 1 in all."""

    shares: Floats
    weights: Floats


_WRONG = np.array(
    (
        *(0, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.007, 0.011, 0.016, 0.023, 0.032),
        *(0.045, 0.065, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9),
    )
)
ON_RIGHT = Bets(1 - _WRONG, np.where(_WRONG == 0, 0.2, 0.04))
ON_WRONG = Bets(_WRONG[:0:-1], np.full(len(_WRONG) - 1, 0.05))

ALL_LOOKS = 300
"""Draws until which each one is a look; later looks are LOOK_STEP apart, to save time."""
LOOK_STEP = 1.02
FORECASTS = 400
"""Numbers of further draws that `draws_needed` tries."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Counts of right events among all: no fewer than `lower`, no more than `upper`."""

    lower: int
    upper: int


class Capital:
    """What bets have won at T looks; `draws`, `hits` (T,): how many were drawn and were hits."""

    def __init__(self, size: int, draws: Counts, hits: Counts, bets: Bets = ON_RIGHT) -> None:
        self._size, self._draws, self._hits = size, draws, hits
        counts = np.round(bets.shares * size).astype(np.int64)
        won = _log_probability(size, counts[:, None], draws, hits) + np.log(bets.weights)[:, None]
        self._rising = -counts
        nothing = np.full((1, len(draws)), -np.inf)
        self._won = np.concatenate([nothing, np.logaddexp.accumulate(won, axis=0)])

    def against(self, most: Counts | int) -> Floats:
        """Return (T,): the logarithm of the capital of bets against "at most `most` are hits"."""
        limit = np.broadcast_to(np.asarray(most, np.int64), self._draws.shape)
        bets = np.searchsorted(self._rising, -limit)  # of which the counts exceed the limit
        null = _log_probability(self._size, limit, self._draws, self._hits)
        with np.errstate(invalid="ignore"):
            capital = self._won[bets, np.arange(len(limit))] - null
        misses = self._draws - self._hits
        capital = np.where(misses > self._size - limit, -np.inf, capital)
        return np.where(self._hits > limit, np.inf, capital)


def bounds(size: int, right: NDArray[np.bool_], alpha: float) -> Bounds:
    """Return the bounds after some draws of `size` events; `right`: whether each is, in order.

    Each of the two is wrong at any time with a probability of at most `alpha`.
    """
    draws, hits = _looks(size, right)
    lower = _lower(size, draws, hits, alpha, ON_RIGHT)
    upper = size - _lower(size, draws, draws - hits, alpha, ON_WRONG)
    return Bounds(lower, upper)


def is_shown(size: int, right: NDArray[np.bool_], least: int, alpha: float) -> bool:
    """Return whether `bounds` has a lower bound of at least `least`."""
    draws, hits = _looks(size, right)
    return bool((Capital(size, draws, hits).against(least - 1) >= -np.log(alpha)).any())


def draws_needed(size: int, drawn: int, hits: int, least: int, alpha: float) -> int | None:
    """Return how many more draws show that `least` are right, if as many are as up to now.

    None if these never show it. With no draws yet, all are taken to be right.
    """
    share = hits / drawn if drawn else 1.0
    steps = np.expm1(np.linspace(0, np.log(size - drawn + 1), FORECASTS))
    more = np.unique(steps.round().astype(np.int64))
    expected = hits + np.floor(more * share).astype(np.int64)
    capital = Capital(size, drawn + more, expected).against(least - 1)
    shown = np.flatnonzero(capital >= -np.log(alpha))
    return int(more[shown[0]]) if len(shown) else None


def _looks(size: int, right: NDArray[np.bool_]) -> tuple[Counts, Counts]:
    """Return draws and hits at each look; looks are at the same numbers of draws each time."""
    looks = list(range(min(len(right), ALL_LOOKS) + 1))
    at = float(ALL_LOOKS)
    while (at := at * LOOK_STEP) <= len(right):
        looks.append(int(at))
    if len(right) == size and looks[-1] != size:
        looks.append(size)
    draws = np.array(looks, np.int64)
    return draws, np.append(0, np.cumsum(right, dtype=np.int64))[draws]


def _lower(size: int, draws: Counts, hits: Counts, alpha: float, bets: Bets) -> int:
    """Return the highest of the lower bounds at the looks: the smallest count not rejected."""
    capital = Capital(size, draws, hits, bets)
    low, high = hits.copy(), size - (draws - hits)
    while (low < high).any():
        middle = (low + high) // 2
        rejected = capital.against(middle) >= -np.log(alpha)
        low, high = (
            np.where(rejected & (low < high), middle + 1, low),
            np.where(rejected, high, np.minimum(high, middle)),
        )
    return int(low.max())


def _log_probability(size: int, right: Counts, draws: Counts, hits: Counts) -> Floats:
    """Return the log probability of draws in their order if `right` of `size` are hits.

    Without the factor that does not depend on `right`.
    """
    table = _log_factorials(1 << max(size, 1).bit_length())
    left, others_left = right - hits, size - right - (draws - hits)
    value = (
        table[right]
        - table[np.maximum(left, 0)]
        + table[size - right]
        - table[np.maximum(others_left, 0)]
    )
    return np.where((left >= 0) & (others_left >= 0), value, -np.inf)


@lru_cache(maxsize=4)
def _log_factorials(size: int) -> Floats:
    return np.append(0.0, np.cumsum(np.log(np.arange(1, size + 1, dtype=np.float64))))
