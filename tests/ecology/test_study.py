"""Figures of whole studies, against loops over the events, and the coverage of their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from study_world import CLASSES, STATIONS, Seen, make_deployments, make_survey, many

from ctc.ecology.activity.density import count_minutes
from ctc.ecology.config import SummaryConfig
from ctc.ecology.figures import compute_figures
from ctc.ecology.study import Study, count_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError

QUARTER, DAYS = 900, 6
QUARTERS = st.integers(0, DAYS * 96 - 1)
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        QUARTERS.map(lambda one: one * QUARTER + QUARTER // 2),
        st.integers(0, 2),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=40,
)
DEPLOYED = st.lists(
    st.tuples(st.integers(0, 2), QUARTERS, st.integers(1, 300)), min_size=1, max_size=5
)
GAPS = st.lists(st.tuples(st.integers(0, 4), QUARTERS, st.integers(0, 100)), max_size=3)
RULES = st.sampled_from(["last-record", "last-independent"])


@dataclass
class SlowRecord:
    """A record, found event by event."""

    species: int
    station: int
    second: int
    last: int
    individuals: int
    events: int = 1


@dataclass
class SlowStudy:
    """A study, counted quarter by quarter and event by event."""

    ran: set[tuple[int, int]] = field(default_factory=set)
    records: list[SlowRecord] = field(default_factory=list)

    def nights(self, station: int) -> float:
        return sum(one == station for one, _ in self.ran) / 96

    def of(self, species: int, station: int | None = None) -> list[SlowRecord]:
        return [
            one for one in self.records if one.species == species and station in (None, one.station)
        ]


def count_slowly(
    seen: Sequence[Seen],
    deployed: Sequence[tuple[int, int, int]],
    gaps: Sequence[tuple[int, int, int]],
    gap: int,
    rule: str,
) -> SlowStudy:
    """Go through time in quarters of an hour, then through the events; `gap`: seconds."""
    found = SlowStudy()
    for number, (station, start, length) in enumerate(deployed):
        broken = {q for at, low, more in gaps if at == number for q in range(low, low + more)}
        found.ran |= {(station, q) for q in range(start, start + length) if q not in broken}
    since: dict[tuple[int, int], int] = {}
    open_records: dict[tuple[int, int], SlowRecord] = {}
    for station, second, species, count in sorted(seen, key=lambda one: one[1]):
        if (station, second // QUARTER) not in found.ran:
            continue
        key = species, station
        if key not in since or second - since[key] >= gap:
            record = SlowRecord(species, station, second, second, count)
            open_records[key] = record
            found.records.append(record)
            since[key] = second
        else:
            record = open_records[key]
            record.individuals, record.last = max(record.individuals, count), second
            record.events += 1
            if rule == "last-record":
                since[key] = second
    return found


def count_both(seen, deployed, gaps, gap: int, rule: str, days: int = 2) -> tuple[Study, SlowStudy]:
    """Return a study as it is counted, and counted slowly; skips examples without any record."""
    known = [one for one in gaps if one[0] < len(deployed)]
    slow = count_slowly(seen, deployed, known, gap, rule)
    table = make_deployments(
        [(low * QUARTER, (low + length) * QUARTER) for _, low, length in deployed],
        [STATIONS[station] for station, _, _ in deployed],
        [(at, low * QUARTER, (low + more) * QUARTER) for at, low, more in known],
    )
    config = SummaryConfig(species=("fox", "deer"), occasion=days, independence=gap, rule=rule)
    survey = make_survey(seen, table=table)
    is_empty = not any((station, second // QUARTER) in slow.ran for station, second, *_ in seen)
    if is_empty:
        with pytest.raises(InputError, match="no event is within its deployment"):
            count_survey(survey, config)
    assume(not is_empty)
    return count_survey(survey, config), slow


@many()
@given(seen=EVENTS, deployed=DEPLOYED, gaps=GAPS, gap=st.integers(0, 20_000), rule=RULES)
def test_count_survey_finds_the_records_of_a_loop(seen, deployed, gaps, gap, rule) -> None:
    study, slow = count_both(seen, deployed, gaps, gap, rule)
    seconds = study.space.seconds - study.space.seconds.min() + min(one for _, one, *_ in seen)
    found = study.records
    told = [
        SlowRecord(*map(int, (species + 1, unit, seconds[event], seconds[last], size, events)))
        for species, unit, event, last, size, events in zip(
            found.species, found.unit, found.event, found.last, found.individuals, found.events,
            strict=True,
        )
    ]  # fmt: skip
    expected = [one for one in slow.records if one.species]
    order = lambda one: (one.species, one.station, one.second, one.last)  # noqa: E731
    assert sorted(told, key=order) == sorted(expected, key=order)


@many()
@given(seen=EVENTS, deployed=DEPLOYED, gaps=GAPS, gap=st.integers(0, 20_000), rule=RULES)
def test_count_survey_is_what_loops_count(seen, deployed, gaps, gap, rule) -> None:
    study, slow = count_both(seen, deployed, gaps, gap, rule)
    nights = [slow.nights(station) for station in range(3)]
    assert study.effort.trap_nights.tolist() == pytest.approx(nights)
    for number in range(2):
        for station in range(3):
            records = slow.of(number + 1, station)
            assert study.hard.records[0, number, station] == len(records)
            assert study.hard.individuals[0, number, station] == sum(r.individuals for r in records)
        minutes = sorted(round(one.second % 86_400 / 60) % 1_440 for one in slow.of(number + 1))
        seconds = study.space.seconds[study.records.event[study.records.of(number)]]
        assert np.flatnonzero(count_minutes(seconds)).tolist() == sorted(set(minutes))


@many()
@given(seen=EVENTS, deployed=DEPLOYED, gaps=GAPS, rule=RULES, days=st.integers(1, 7))
def test_compute_figures_is_what_loops_find(seen, deployed, gaps, rule, days) -> None:
    study, slow = count_both(seen, deployed, gaps, 1_800, rule, days)
    found = {one.name: one for one in compute_figures(study).species}
    nights = {at: slow.nights(at) for at in range(3) if slow.nights(at) > 0}
    for species in (1, 2):
        records = slow.of(species)
        assert (CLASSES[species] in found) == bool(records)
        if records:
            one = found[CLASSES[species]]
            sizes = [record.individuals for record in records]
            places = {record.station for record in records}
            assert one.hard.records.value == len(records)
            assert one.hard.individuals.value == sum(sizes)
            assert one.hard.rate.value == pytest.approx(100 * len(records) / sum(nights.values()))
            assert one.hard.individual_rate.value == pytest.approx(
                100 * sum(sizes) / sum(nights.values())
            )
            assert one.hard.occupancy.value == pytest.approx(len(places) / len(nights))
            assert one.hard.group_size.value == pytest.approx(np.mean(sizes))
            assert one.largest_group == max(sizes)
            for at in range(3):
                rate = 100 * len(slow.of(species, at)) / nights[at] if at in nights else np.nan
                assert one.unit_rates[at] == pytest.approx(rate, nan_ok=True)


@many()
@given(seen=EVENTS, deployed=DEPLOYED, gaps=GAPS, days=st.integers(1, 7))
def test_histories_are_what_loops_find(seen, deployed, gaps, days) -> None:
    study, slow = count_both(seen, deployed, gaps, 1_800, "last-record", days)
    found = {one.name: one.history for one in compute_figures(study).species}
    first = min(start for _, start, _ in deployed) // 96
    ran = {(at, (q // 96 - first) // days) for at, q in slow.ran}
    for species in (1, 2):
        if CLASSES[species] not in found:
            continue
        seen_in = {(r.station, (r.second // 86_400 - first) // days) for r in slow.of(species)}
        history = found[CLASSES[species]]
        expected = [
            [
                float((at, t) in seen_in) if (at, t) in ran else np.nan
                for t in range(history.shape[1])
            ]
            for at in range(3)
        ]
        np.testing.assert_array_equal(history, expected)


@many(100)
@given(seen=EVENTS, rule=RULES)
def test_count_survey_draws_what_is_certain_as_it_is(seen, rule) -> None:
    values = np.zeros((3, len(seen)), np.float32)
    values[[species for _, _, species, _ in seen], range(len(seen))] = 1
    config = SummaryConfig(draws=3, species=("fox", "deer"), rule=rule)
    study = count_survey(make_survey(seen, values), config)
    assert study.drawn is not None
    for name in ("records", "individuals"):
        hard, drawn = getattr(study.hard, name)[0], getattr(study.drawn.counts, name)
        assert (drawn == hard).all()
    for one in compute_figures(study).species:
        history = np.nan_to_num(one.history)
        np.testing.assert_array_equal(study.drawn.presence[one.number], history)


def test_count_survey_draws_each_species_with_its_own_group_size() -> None:
    seen = [(0, 100, 1, 1), (0, 100, 2, 2), (1, 200, 1, 3)]
    survey = make_survey(seen, np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0]], np.float32))
    answers = replace(survey.answers, event=np.array([0, 0, 2]))
    events = replace(survey.events, multi_label=True)
    study = count_survey(
        replace(survey, events=events, answers=answers),
        SummaryConfig(draws=2, species=("fox", "deer")),
    )
    assert study.drawn is not None
    assert study.hard.individuals[0, :, :2].tolist() == [[1, 3], [2, 0]]
    for drawn in study.drawn.counts.individuals:
        assert drawn[:, :2].tolist() == [[1, 3], [2, 0]]


def world(seed: int) -> tuple[Survey, float]:
    """Return a study of foxes that a calibrated classifier takes for deer, and their true rate."""
    rng = np.random.default_rng(seed)
    rates = 12 * rng.lognormal(-0.08, 0.4, (3, 2)) / DAYS
    seen, rows = [], []
    for station in range(3):
        for species in (1, 2):
            for _ in range(rng.poisson(rates[station, species - 1] * DAYS)):
                feature = rng.normal(1.5 if species == 1 else 0)
                fox = 1 / (1 + np.exp(1.125 - 1.5 * feature))
                second = int(rng.integers(0, DAYS * 96)) * QUARTER
                seen.append((station, second, 2 - int(fox > 0.5), 1))
                rows.append((0, fox, 1 - fox))
    return make_survey(seen, np.array(rows, np.float32).T), 12 / DAYS * 100


def test_intervals_with_the_error_hold_the_rate_of_the_world() -> None:
    held = 0
    for seed in range(40):
        survey, rate = world(seed)
        config = SummaryConfig(independence=60, draws=30, seed=seed)
        figures = compute_figures(count_survey(survey, config)).species
        found = next(one for one in figures if one.name == "fox").drawn
        held += found.rate.low <= rate <= found.rate.high
    assert held >= 36
