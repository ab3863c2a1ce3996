"""The figures of a study, each by the hard answers and with the classifier's error in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ctc.ecology.accumulation import Accumulation, accumulate
from ctc.ecology.activity.band import drawn_band, station_band
from ctc.ecology.activity.density import MINUTES, count_minutes, kernel_density
from ctc.ecology.activity.overlap import ENOUGH, Overlap, Pattern, make_pattern, overlap
from ctc.ecology.histories import detection_history, occasion_of
from ctc.ecology.intervals import Figure, mean_of, proportion, ratio
from ctc.ecology.study import Study
from ctc.ecology.survey import Floats
from ctc.ecology.tally import Tally, minute_of

MAX_OVERLAPS = 8
"""The most frequent species, whose overlaps are told."""
PER_NIGHTS = 100
_SHOWN = 0.5
"""Mean number of drawn records from which on a species without hard records is told."""


@dataclass(frozen=True)
class Numbers:
    """Figures of one species by one kind of answers.

    `records`, `individuals`: sums. `rate`, `individual_rate`: per 100 trap nights. `occupancy`:
    share of the units where it was seen (naive: without regard to detection). `group_size`: mean.
    """

    records: Figure
    individuals: Figure
    rate: Figure
    individual_rate: Figure
    occupancy: Figure
    group_size: Figure


@dataclass(frozen=True)
class SpeciesFigures:
    """Figures of one species; `number`: in `Study.species`.

    `largest_group`: by the hard answers. `unit_rates` (U,): records per 100 trap nights of each
    unit, NaN without effort. `drawn`: None without probabilities.
    """

    name: str
    number: int
    hard: Numbers
    drawn: Numbers | None
    largest_group: int
    unit_rates: Floats
    history: Floats


@dataclass(frozen=True)
class OverlapFigure:
    """Overlap of two species' activity; `advised`: 'delta_1' or 'delta_4'."""

    species: tuple[str, str]
    delta_1: Overlap
    delta_4: Overlap
    advised: str


@dataclass(frozen=True)
class Activity:
    """Activity of a species by time of day: densities per hour at each minute, (MINUTES,).

    `low`, `high`: pointwise 95 % band, for other stations. `drawn`: the mean over draws, with its
    band, None without probabilities. `sun`: by sun time, None if it is not known.
    """

    hard: Floats
    low: Floats
    high: Floats
    drawn: tuple[Floats, Floats, Floats] | None
    sun: Floats | None


@dataclass(frozen=True)
class Figures:
    """All figures of a study; species with the most records first.

    `activity`: of the most frequent species with enough records, by number.
    """

    species: tuple[SpeciesFigures, ...]
    overlaps: tuple[OverlapFigure, ...]
    activity: Mapping[int, Activity]
    by_unit: Accumulation
    by_occasion: Accumulation
    drawn_species: Figure | None


def compute_figures(study: Study) -> Figures:
    """Return the figures of a study."""
    found = [_species(study, number) for number in range(len(study.species))]
    shown = [one for one in found if one.hard.records.value or _is_likely(one)]
    shown.sort(key=lambda one: (-one.hard.records.value, one.name))
    seen = study.hard.records[0][:, study.active].T > 0
    overlaps, patterns = _overlaps(study, shown)
    return Figures(
        tuple(shown),
        overlaps,
        {number: _activity(study, number, one) for number, one in patterns.items()},
        accumulate(seen),
        accumulate(_by_occasion(shown)),
        None if study.drawn is None else _species_of_draws(study, study.drawn.counts),
    )


def _species_of_draws(study: Study, counts: Tally) -> Figure:
    seen = counts.records[:, :, study.active].sum(axis=2) > 0
    return mean_of(seen.sum(axis=1).astype(float))


def _is_likely(one: SpeciesFigures) -> bool:
    return one.drawn is not None and one.drawn.records.value >= _SHOWN


def _species(study: Study, number: int) -> SpeciesFigures:
    own = study.records.of(number)
    individuals = study.records.individuals[own]
    nights = study.effort.trap_nights
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(nights > 0, study.hard.records[0, number] / nights * PER_NIGHTS, np.nan)
    occasion = occasion_of(study.occasions, study.space.seconds[study.records.event[own]])
    return SpeciesFigures(
        study.species[number],
        number,
        _numbers(study, study.hard, number),
        None if study.drawn is None else _numbers(study, study.drawn.counts, number),
        int(individuals.max(initial=0)),
        rates,
        detection_history(study.occasions, study.records.unit[own], occasion),
    )


def _numbers(study: Study, counts: Tally, number: int) -> Numbers:
    active = study.active
    effort = study.effort.trap_nights[active] / PER_NIGHTS
    records = counts.records[:, number][:, active].astype(float)
    individuals = counts.individuals[:, number][:, active].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        group = individuals.sum(axis=1) / records.sum(axis=1)
    return Numbers(
        mean_of(records.sum(axis=1)),
        mean_of(individuals.sum(axis=1)),
        ratio(records, effort),
        ratio(individuals, effort),
        proportion((records > 0).sum(axis=1), len(active)),
        mean_of(group),
    )


def _overlaps(
    study: Study, shown: list[SpeciesFigures]
) -> tuple[tuple[OverlapFigure, ...], dict[int, Pattern]]:
    known = [one for one in shown if one.number in study.told]
    patterns = {
        one.number: make_pattern(_minutes(study, one.number), study.config.seed + one.number)
        for one in known
    }
    found = []
    for one, other in combinations(known[:MAX_OVERLAPS], 2):
        pair = patterns[one.number], patterns[other.number]
        enough = min(pair[0].counts.sum(), pair[1].counts.sum()) > ENOUGH
        found.append(
            OverlapFigure(
                (one.name, other.name), *overlap(*pair), "delta_4" if enough else "delta_1"
            )
        )
    return tuple(found), patterns


def _activity(study: Study, number: int, pattern: Pattern) -> Activity:
    own = study.records.of(number)
    cell = study.records.unit[own] * MINUTES + minute_of(study.space, study.records.event[own])
    by_unit = np.bincount(cell, minlength=study.space.units * MINUTES).reshape(-1, MINUTES)
    low, high = station_band(by_unit[study.active].astype(float), (study.config.seed, number))
    return Activity(
        pattern.density, low, high, _drawn_activity(study, number), _by_sun(study, number)
    )


def _drawn_activity(study: Study, number: int) -> tuple[Floats, Floats, Floats] | None:
    """Return the mean density of the draws with its band; None without draws or records."""
    if study.drawn is None:
        return None
    at = int(np.searchsorted(study.told, number))
    minutes = study.drawn.minutes[:, at].astype(float)
    minutes = minutes[minutes.sum(axis=1) > 0]
    again = study.drawn.minutes_elsewhere[:, at].astype(float)
    if not again.any():
        return None
    rng = np.random.default_rng((study.config.seed, number))
    return kernel_density(minutes).mean(axis=0), *drawn_band(again, rng)


def _by_sun(study: Study, number: int) -> Floats | None:
    if study.sun_minutes is None:
        return None
    own = study.sun_minutes[study.records.of(number)]
    own = own[~np.isnan(own)]
    return kernel_density(count_minutes(np.round(own * 60).astype(np.int64))) if len(own) else None


def _minutes(study: Study, number: int) -> Floats:
    return count_minutes(study.space.seconds[study.records.event[study.records.of(number)]])


def _by_occasion(shown: list[SpeciesFigures]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return which species was seen in each occasion of each unit that ran, (cells, species)."""
    if not shown:
        return np.zeros((1, 0), bool)
    histories = np.stack([one.history.ravel() for one in shown], axis=1)
    return np.asarray(histories[~np.isnan(histories[:, 0])] == 1)
