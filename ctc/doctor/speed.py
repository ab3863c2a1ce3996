"""Measured rates, and what they mean for a million photos."""

from __future__ import annotations

import time
from collections.abc import Iterator

MILLION = 1_000_000


def measure_rate(counts: Iterator[int], seconds: float) -> float:
    """Return the sum of `counts` per second, over that time.

    The first count is not measured: it waits for the start.
    """
    next(counts)
    start, done = time.perf_counter(), 0
    while not done or time.perf_counter() - start < seconds:
        done += next(counts)
    return done / (time.perf_counter() - start)


def time_for_a_million(per_second: float) -> str:
    """Return how long a million take, in words: 'about 7 hours'."""
    minutes = MILLION / per_second / 60
    if minutes < 100:
        return f"about {minutes:.0f} minutes"
    hours = minutes / 60
    return f"about {hours:.0f} hours" if hours < 72 else f"about {hours / 24:.0f} days"


def describe_photo(shape: tuple[int, int], size: float) -> str:
    """Describe a photo of height and width `shape` and `size` bytes."""
    return f"{shape[1]}×{shape[0]} px, {size / 1e3:,.0f} kB"
