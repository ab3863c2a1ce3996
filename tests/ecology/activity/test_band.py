"""Bands of activity curves: what is drawn, and that they hold the curve of a world of stations."""

from __future__ import annotations

import numpy as np
from scipy.special import ive
from study_world import make_deployments, make_survey

from ctc.ecology.activity.band import draw_stations, drawn_band, station_band, told_species
from ctc.ecology.activity.density import MINUTES, count_minutes
from ctc.ecology.config import SummaryConfig
from ctc.ecology.study import count_survey


def stations_of(seed: int, stations: int, shift: float) -> np.ndarray:
    """Return records by minute of stations whose peaks differ by `shift` hours (SD) around noon."""
    rng = np.random.default_rng(seed)
    peaks = rng.normal(0, shift * np.pi / 12, stations)
    angles = [rng.vonmises(peak, 2, 30) % (2 * np.pi) for peak in peaks]
    return np.array([count_minutes((one * 86_400 / 2 / np.pi).astype(int)) for one in angles])


def curve_of(shift: float) -> np.ndarray:
    """Return the density of the world per hour: von Mises', blurred by a normal distribution."""
    k = np.arange(1, 200)[:, None]
    moments = ive(k, 2) / ive(0, 2) * np.exp(-((k * shift * np.pi / 12) ** 2) / 2)
    hours = np.arange(MINUTES) * 2 * np.pi / MINUTES
    return (1 + 2 * (moments * np.cos(k * hours)).sum(axis=0)) / 24


def test_station_band_holds_the_curve_of_the_world() -> None:
    truth = curve_of(2)
    held = []
    for seed in range(30):
        low, high = station_band(stations_of(seed, 40, 2), (seed,))
        held.append(((low <= truth) & (truth <= high)).mean())
    assert 0.9 < np.mean(held) < 0.99


def test_station_band_is_wider_where_stations_differ() -> None:
    apart = stations_of(1, 20, 3)
    alike = np.full_like(apart, apart.sum(axis=0) / 20)
    widths = [np.subtract(*station_band(one, (1,))[::-1]).mean() for one in (apart, alike)]
    assert widths[0] > 1.3 * widths[1]


def test_draw_stations_draws_as_many_as_there_are() -> None:
    often = draw_stations(5, 100, np.random.default_rng(1))
    assert often.sum(axis=1).tolist() == [5] * 100
    assert often.max() > 1


def test_told_species_are_the_most_frequent_with_enough_records() -> None:
    assert told_species(np.array([9, 10, 50, 10])).tolist() == [1, 2, 3]
    assert told_species(np.arange(100, 120)).tolist() == list(range(8, 20))


def test_drawn_band_leaves_out_draws_without_records() -> None:
    minutes = np.zeros((20, MINUTES))
    minutes[1:, 600] = 5
    low, high = drawn_band(minutes, np.random.default_rng(1))
    assert np.isfinite(low).all()
    assert high[600] > low[600] > 0.5


def test_count_draws_draws_stations_with_all_their_records() -> None:
    seen = [(station, 3_600 * (3 + station) + day * 86_400, 1, 1)
            for station in range(2) for day in range(6)]  # fmt: skip
    values = np.zeros((3, len(seen)), np.float32)
    values[1] = 1
    table = make_deployments([(0, 6 * 86_400)] * 2, ("a", "b"))
    drawn = count_survey(make_survey(seen, values, table), SummaryConfig(draws=50)).drawn
    assert drawn is not None
    assert drawn.minutes[:, 0, [180, 240]].tolist() == [[6, 6]] * 50
    of_stations = {tuple(one) for one in drawn.minutes_elsewhere[:, 0, [180, 240]].tolist()}
    assert of_stations == {(12, 0), (6, 6), (0, 12)}
