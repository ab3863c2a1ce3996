"""How often the intervals of `ctc summarize` hold, and how long millions of events take.

    python -m benchmarks.ecology coverage [STUDIES]
    python -m benchmarks.ecology curves [STUDIES]
    python -m benchmarks.ecology speed [EVENTS]

Coverage: studies of a known world. Stations have rates of their own, animals make one to three
events a visit, and a classifier sees a noisy feature of each, partly the same throughout a visit.
Its probabilities are calibrated. Counted is how often the 95 % interval of the rate per 100 trap
nights holds the rate of the world, by the hard answers and with the classifier's error.

Curves: stations whose animals are active around hours of their own. Counted is which share of the
minutes of the day the 95 % band of the activity holds the density of the world, of other records
alone and of other stations.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import ive

from ctc.ecology.activity.band import station_band
from ctc.ecology.activity.density import MINUTES, count_minutes
from ctc.ecology.activity.overlap import make_pattern
from ctc.ecology.config import SummaryConfig
from ctc.ecology.figures import compute_figures
from ctc.ecology.study import count_survey
from ctc.ecology.summarize import summarize
from ctc.ecology.survey import Answers, Deployments, Events, Survey
from ctc.reporting import NullReporter

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


def curves(studies: int) -> None:
    """Print how often bands hold the activity of the world, and their mean width."""
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


def speed(events: int) -> None:
    """Print seconds and memory of a summary of a Parquet file with 30 classes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.parquet"
        write_predictions(path, events)
        print(f"{path.stat().st_size / 1e6:,.0f} MB of Parquet")
        begin = time.perf_counter()
        cpu = time.process_time()
        summarize(path, None, Path(folder) / "summary", SummaryConfig(), NullReporter())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        took, of_cpu = time.perf_counter() - begin, time.process_time() - cpu
        print(f"{events:,} events: {took:.1f} s ({of_cpu:.1f} s of CPU), {peak:.1f} GB")


def write_predictions(path: Path, events: int, batch: int = 50_000) -> None:
    """Write events of 500 stations in 2 years, as `ctc predict` writes them."""
    rng = np.random.default_rng(1)
    classes = ["empty", *(f"species {number}" for number in range(29))]
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("id", "label", "prediction_top")),
            ("predictions_all", pa.map_(pa.string(), pa.float32())),
            *((name, pa.string()) for name in ("datetime", "location")),
        ]
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, events, batch):
            n = min(batch, events - first)
            values = rng.dirichlet(np.full(30, 0.05), n).astype(np.float32)
            values[:, 0] += rng.random(n).astype(np.float32)
            values /= values.sum(axis=1, keepdims=True)
            keys = pa.array(classes * n)
            maps = pa.MapArray.from_arrays(np.arange(0, 30 * n + 1, 30), keys, values.ravel())
            times = START + rng.integers(0, 2 * 365 * 86_400, n).astype("timedelta64[s]")
            columns = [
                [f"event {first + number}" for number in range(n)],
                ["species"] * n,
                [classes[top] for top in values.argmax(axis=1)],
                maps,
                times.astype(str).tolist(),
                [f"station {number}" for number in rng.integers(0, 500, n)],
            ]
            arrays = [
                one if isinstance(one, pa.MapArray) else pa.array(one, kind)
                for one, kind in zip(columns, schema.types, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


if __name__ == "__main__":
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    {"coverage": lambda: coverage(number or 200), "curves": lambda: curves(number or 60),
     "speed": lambda: speed(number or 5_000_000)}[sys.argv[1]]()  # fmt: skip
