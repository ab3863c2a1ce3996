"""Figures of whole studies, against loops over the events, and the coverage of their intervals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctc.ecology.config import SummaryConfig
from ctc.ecology.figures import compute_figures
from ctc.ecology.study import Study, count_survey
from ctc.ecology.survey import Answers, Deployments, Events, Survey

START = np.datetime64("2024-04-01T00:00:00")
DAYS, STATIONS = 6, ("a", "b", "c")
NAMES = ("empty", "fox", "deer")
STREAMS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, DAYS * 24 * 4 - 1),
        st.integers(0, 2),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=40,
)
"""Station, quarter of an hour, species, individuals."""


def to_survey(stream, values=None) -> Survey:
    station, quarter, species, count = (
        np.array(one, np.int64) for one in zip(*stream, strict=True)
    )
    numbers = np.arange(len(STATIONS))
    events = Events(
        pa.array([str(number) for number in range(len(stream))]),
        station,
        station,
        START + (quarter * 900).astype("timedelta64[s]"),
        STATIONS,
        STATIONS,
        numbers,
        None,
        NAMES if values is not None else (),
        values,
    )
    ends = np.full(3, START), np.full(3, START + np.timedelta64(DAYS, "D"))
    table = Deployments(STATIONS, STATIONS, *ends, np.full(3, np.nan), np.full(3, np.nan))
    return Survey(events, Answers(np.arange(len(stream)), species, count, NAMES), table)


def slow_records(stream, species: int) -> dict[int, list[tuple[int, int]]]:
    """Return (quarter, individuals) of each record of a species by station, going through time."""
    found: dict[int, list[tuple[int, int]]] = {}
    last: dict[int, int] = {}
    for station, quarter, of, count in sorted(stream, key=lambda one: one[1]):
        if of != species:
            continue
        records = found.setdefault(station, [])
        if station not in last or quarter - last[station] >= 2:
            records.append((quarter, count))
        else:
            records[-1] = records[-1][0], max(records[-1][1], count)
        last[station] = quarter
    return found


def study_of(stream) -> Study:
    config = SummaryConfig(species=("fox", "deer"), occasion=2)
    return count_survey(to_survey(stream), config)


@settings(max_examples=100, deadline=None)
@given(stream=STREAMS)
def test_count_survey_is_what_loops_count(stream) -> None:
    study = study_of(stream)
    for number, species in enumerate((1, 2)):
        expected = slow_records(stream, species)
        counts = [len(expected.get(station, ())) for station in range(3)]
        sums = [sum(size for _, size in expected.get(station, ())) for station in range(3)]
        assert study.hard.records[0, number].tolist() == counts
        assert study.hard.individuals[0, number].tolist() == sums


@settings(max_examples=40, deadline=None)
@given(stream=STREAMS)
def test_compute_figures_is_what_loops_find(stream) -> None:
    found = {one.name: one for one in compute_figures(study_of(stream)).species}
    for species, name in ((1, "fox"), (2, "deer")):
        records = slow_records(stream, species)
        total = sum(map(len, records.values()))
        assert (name in found) == (total > 0)
        if total:
            sizes = [size for one in records.values() for _, size in one]
            numbers = found[name].hard
            assert numbers.rate.value == pytest.approx(100 * total / (3 * DAYS))
            assert numbers.individual_rate.value == pytest.approx(100 * sum(sizes) / (3 * DAYS))
            assert numbers.occupancy.value == pytest.approx(len(records) / 3)
            assert numbers.group_size.value == pytest.approx(np.mean(sizes))
            assert found[name].largest_group == max(sizes)
            cells = {(at, quarter // 192) for at, one in records.items() for quarter, _ in one}
            seen = zip(*np.nonzero(found[name].history == 1), strict=True)
            assert {tuple(map(int, cell)) for cell in seen} == cells


def test_count_survey_draws_what_is_certain_as_it_is() -> None:
    stream = [(0, 0, 1, 1), (0, 50, 2, 1), (1, 10, 1, 2), (2, 10, 0, 1)]
    values = np.zeros((3, 4), np.float32)
    values[[1, 2, 1, 0], range(4)] = 1
    study = count_survey(to_survey(stream, values), SummaryConfig(draws=5))
    assert study.drawn is not None
    for draw in range(5):
        np.testing.assert_array_equal(study.drawn.records[draw], study.hard.records[0])
        np.testing.assert_array_equal(study.drawn.individuals[draw], study.hard.individuals[0])


def world(seed: int) -> tuple[Survey, float]:
    """Return a study of foxes that a calibrated classifier takes for deer, and their true rate."""
    rng = np.random.default_rng(seed)
    rates = 12 * rng.lognormal(-0.08, 0.4, (3, 2)) / DAYS
    stream, rows = [], []
    for station in range(3):
        for species in (1, 2):
            for _ in range(rng.poisson(rates[station, species - 1] * DAYS)):
                feature = rng.normal(1.5 if species == 1 else 0)
                fox = 1 / (1 + np.exp(1.125 - 1.5 * feature))
                stream.append((station, int(rng.integers(0, DAYS * 96)), 2 - (fox > 0.5), 1))
                rows.append((0, fox, 1 - fox))
    return to_survey(stream, np.array(rows, np.float32).T), 12 / DAYS * 100


def test_intervals_with_the_error_hold_the_rate_of_the_world() -> None:
    held = 0
    for seed in range(40):
        survey, rate = world(seed)
        config = SummaryConfig(independence=60, draws=30, seed=seed)
        figures = compute_figures(count_survey(survey, config)).species
        found = next(one for one in figures if one.name == "fox").drawn
        held += found.rate.low <= rate <= found.rate.high
    assert held >= 36
