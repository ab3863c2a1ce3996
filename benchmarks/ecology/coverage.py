"""How often the 95 % intervals of `ctc summarize` hold the rates of a known world.

    python -m benchmarks.ecology.coverage [STUDIES]

Stations have rates of their own, animals make one to three events a visit, and a classifier sees a
noisy feature of each, partly the same throughout a visit. Its probabilities are calibrated. Counted
is how often the interval of the rate per 100 trap nights holds the rate of the world, by the hard
answers and with the classifier's error.
"""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa

from ctc.ecology.config import SummaryConfig
from ctc.ecology.figures import compute_figures
from ctc.ecology.study import count_survey
from ctc.ecology.survey import Answers, Deployments, Events, Survey

CLASSES = ("empty", "fox", "badger")
RATES = np.array([60.0, 12.0, 4.0])
"""Visits per 100 trap nights; of the class empty, false triggers."""
NIGHTS, START = 60, np.datetime64("2024-04-01T00:00:00")


def draw_study(seed: int, stations: int, alike: float) -> Survey:
    """Return a study; `alike`: the share of the feature's variance that a visit has in common."""
    rng = np.random.default_rng(seed)
    spread = 0.6
    factor = rng.lognormal(-(spread**2) / 2, spread, (stations, len(RATES)))
    visits = rng.poisson(factor * RATES * NIGHTS / 100)
    species = np.repeat(np.tile(np.arange(len(RATES)), stations), visits.ravel())
    station = np.repeat(np.repeat(np.arange(stations), len(RATES)), visits.ravel())
    begin = rng.integers(0, NIGHTS * 86_400, len(species))
    size = rng.integers(1, 4, len(species))
    visit = np.repeat(np.arange(len(species)), size)
    after = np.arange(len(visit)) - np.repeat(np.cumsum(size) - size, size)
    seconds = np.minimum(begin[visit] + after * 60, NIGHTS * 86_400 - 1)
    values = probabilities(species, visit, alike, rng)
    return to_survey(station[visit], seconds, values, stations)


def probabilities(species: np.ndarray, visit: np.ndarray, alike: float, rng) -> np.ndarray:
    """Return calibrated probabilities (classes, events) of a feature in the plane."""
    centres = np.array([[0.0, 0.0], [4.0, -0.9], [4.0, 0.9]])
    noise = np.sqrt(alike) * rng.standard_normal((len(species), 2))[visit]
    noise += np.sqrt(1 - alike) * rng.standard_normal((len(visit), 2))
    feature = centres[species[visit]] + noise
    away = ((feature[None] - centres[:, None]) ** 2).sum(axis=2)
    values = (RATES / RATES.sum())[:, None] * np.exp(-away / 2)
    return (values / values.sum(axis=0)).astype(np.float32)


def to_survey(station: np.ndarray, seconds: np.ndarray, values: np.ndarray, size: int) -> Survey:
    """Return the survey of events at stations that ran for NIGHTS."""
    names = tuple(f"s{number}" for number in range(size))
    events = Events(
        pa.array([str(number) for number in range(len(seconds))]),
        station,
        station,
        START + seconds.astype("timedelta64[s]"),
        names,
        names,
        np.arange(size),
        None,
        CLASSES,
        values,
    )
    top = values.argmax(axis=0)
    answers = Answers(np.arange(len(top)), top, np.ones(len(top), np.int64), CLASSES)
    ends = np.full(size, START), np.full(size, START + np.timedelta64(NIGHTS, "D"))
    nowhere = np.full(size, np.nan)
    return Survey(events, answers, Deployments(names, names, *ends, nowhere, nowhere))


def coverage(studies: int) -> None:
    """Print how often intervals hold the rates of the world."""
    print(
        "| stations | alike | species | hard answers | with the error | mean hard | mean | true |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for stations in (15, 40):
        for alike in (0.5, 1.0):
            _cover(studies, stations, alike)


def _cover(studies: int, stations: int, alike: float) -> None:
    held: dict[str, list[tuple[bool, bool, float, float]]] = {name: [] for name in CLASSES[1:]}
    for seed in range(studies):
        config = SummaryConfig(draws=50, seed=seed)
        study = count_survey(draw_study(seed, stations, alike), config)
        found = {one.name: one for one in compute_figures(study).species}
        for name, one in found.items():
            true = RATES[CLASSES.index(name)]
            pair = one.hard.rate, one.drawn.rate
            inside = [figure.low <= true <= figure.high for figure in pair]
            held[name].append((*inside, *(figure.value for figure in pair)))
    for name, rows in held.items():
        hard, drawn, mean_hard, mean = np.mean(rows, axis=0)
        true = RATES[CLASSES.index(name)]
        cells = f"{hard:.0%} | {drawn:.0%} | {mean_hard:.2f} | {mean:.2f} | {true:.0f}"
        print(f"| {stations} | {alike} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    coverage(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
