"""95 % bands of activity curves, for other stations of the same kind and other records.

A smoothed bootstrap of clusters: stations are drawn with replacement, then as many records from the
density of theirs. Drawing records alone tells too narrow bands, since animals of one place keep
hours of their own.
"""

from __future__ import annotations

import numpy as np

from ctc.ecology.activity.density import kernel_density
from ctc.ecology.activity.overlap import QUANTILES, RESAMPLES
from ctc.ecology.survey import Floats, Ints

MIN_RECORDS = 10
"""Records of a species from which on its activity is told."""
MAX_SPECIES = 12
"""The most frequent species, whose activity is told."""


def told_species(records: Ints) -> Ints:
    """Return the numbers of the species whose activity is told; `records` (species,): sums."""
    enough = np.flatnonzero(records >= MIN_RECORDS)
    most = np.argsort(-records[enough], kind="stable")[:MAX_SPECIES]
    return np.sort(enough[most])


def draw_stations(stations: int, times: int, rng: np.random.Generator) -> Ints:
    """Return how often each station is drawn, (times, stations)."""
    return np.asarray(rng.multinomial(stations, np.full(stations, 1 / stations), times))


def station_band(by_station: Floats, seed: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the ends of the band of a density per hour, (MINUTES,) each.

    `by_station` (stations, MINUTES): records by minute of the day of all stations with effort.
    """
    rng = np.random.default_rng(seed)
    return drawn_band(draw_stations(len(by_station), RESAMPLES, rng) @ by_station, rng)


def drawn_band(minutes: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the band of records by minute (draws, MINUTES) of stations drawn anew."""
    minutes = minutes[minutes.sum(axis=1) > 0]
    density = kernel_density(minutes)
    share = density / density.sum(axis=1, keepdims=True)
    again = kernel_density(rng.multinomial(minutes.sum(axis=1).astype(int), share).astype(float))
    low, high = np.quantile(again, QUANTILES, axis=0)
    return low, high
