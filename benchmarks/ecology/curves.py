"""Which share of the day the 95 % bands of activity hold the activity of a known world.

    python -m benchmarks.ecology.curves [STUDIES]

The animals of each station are active around an hour of their own. Told is the share of the minutes
at which the band holds the density of the world: drawn from other records alone, and, as
`ctc summarize` does, from other stations and their records.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import ive

from ctc.ecology.activity.band import station_band
from ctc.ecology.activity.density import MINUTES, count_minutes
from ctc.ecology.activity.overlap import make_pattern


def curves(studies: int) -> None:
    """Print how often bands hold the activity of the world."""
    print("| stations | records each | hours apart (SD) | other records | other stations |")
    print("|---|---|---|---|---|")
    for stations, records, apart in ((8, 10, 2), (15, 4, 0), (40, 4, 2), (40, 30, 2), (100, 30, 2)):
        truth = draw_curve(apart)
        rows = [_hold_curve(draw_stations_hours(seed, stations, records, apart), truth, seed)
                for seed in range(studies)]  # fmt: skip
        held = np.mean(rows, axis=0)
        print(f"| {stations} | {records} | {apart} | {held[0]:.0%} | {held[1]:.0%} |", flush=True)


def draw_stations_hours(seed: int, stations: int, records: int, apart: float) -> np.ndarray:
    """Return records by minute of the day of each station, (stations, MINUTES)."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(records * rng.lognormal(-0.32, 0.8, stations))
    peaks = rng.normal(0, apart * np.pi / 12, stations)
    angles = [rng.vonmises(peak, 2, n) % (2 * np.pi) for peak, n in zip(peaks, counts, strict=True)]
    return np.array([count_minutes((one * 43_200 / np.pi).astype(int)) for one in angles])


def draw_curve(apart: float) -> np.ndarray:
    """Return the density of the world per hour at each minute."""
    k = np.arange(1, 200)[:, None]
    moments = ive(k, 2) / ive(0, 2) * np.exp(-((k * apart * np.pi / 12) ** 2) / 2)
    angle = np.arange(MINUTES) * 2 * np.pi / MINUTES
    return np.asarray((1 + 2 * (moments * np.cos(k * angle)).sum(axis=0)) / 24)


def _hold_curve(by_station: np.ndarray, truth: np.ndarray, seed: int) -> tuple[float, float]:
    records = make_pattern(by_station.sum(axis=0), seed).densities
    bands = np.quantile(records, (0.025, 0.975), axis=0), station_band(by_station, (seed,))
    first, second = (((low <= truth) & (truth <= high)).mean() for low, high in bands)
    return float(first), float(second)


if __name__ == "__main__":
    curves(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
