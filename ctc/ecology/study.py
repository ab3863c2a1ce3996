"""The events of a survey that count, with their units and effort, and their records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ctc.artifacts.observation_types import observation_type
from ctc.ecology.activity.band import told_species
from ctc.ecology.activity.sun import SunTimes, sun_times, to_sun_time
from ctc.ecology.activity.time_zone import zone_minutes
from ctc.ecology.config import SummaryConfig
from ctc.ecology.drawn_counts import DrawnCounts, count_draws
from ctc.ecology.effort import Effort, covers, measure_effort
from ctc.ecology.histories import Occasions, divide
from ctc.ecology.survey import Floats, Ints, Survey
from ctc.ecology.tally import Records, Space, Tally, find_records, tally
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.images.metadata.camera_clock import WHAT
from ctc.reporting import counted

_EXAMPLES = 3
ONE_PLACE = 0.05
"""Degrees, about 5 km: deployments of one station are not farther apart."""


@dataclass(frozen=True)
class Study:
    """A survey, counted.

    `species`: names of S species. `records`: of the hard answers. `hard`, `drawn`: their counts;
    `drawn` is None without probabilities. `told`: the species whose activity is told. `latitude`,
    `longitude` (U,): degrees of units, NaN is unknown.
    """

    survey: Survey
    config: SummaryConfig
    species: tuple[str, ...]
    space: Space
    effort: Effort
    occasions: Occasions
    records: Records
    hard: Tally
    drawn: DrawnCounts | None
    told: Ints
    latitude: Floats
    longitude: Floats
    sun_minutes: Floats | None
    sun: SunTimes | None
    warnings: tuple[str, ...]

    @property
    def active(self) -> Ints:
        """The numbers of the units with effort."""
        return np.flatnonzero(self.effort.trap_nights > 0)


def count_survey(survey: Survey, config: SummaryConfig) -> Study:
    """Count a survey.

    Raises CtcError if no event has a time, no species is there, or none of the events is at a time
    when its camera ran.
    """
    events, by_station = survey.events, config.unit == "station"
    if np.isnat(events.time).all():
        raise InputError(
            "no event has a time: predict photos with EXIF times, or a table with a column"
            " 'datetime'"
        )
    units = events.stations if by_station else events.cameras
    unit = events.station if by_station else events.camera
    species = _choose_species(survey, config.species)
    effort, latitude, longitude, far = _effort(survey, units, by_station)
    used, warnings = _usable(survey, unit, effort)
    seconds = events.time.astype("datetime64[s]").astype(np.int64)
    space = Space(unit, seconds, len(units), len(species), config.independence, config.rule)
    occasions = divide(effort, config.occasion)
    records = _hard_records(survey, space, species, used)
    hard, active = tally(space, records), np.flatnonzero(effort.trap_nights > 0)
    told = told_species(hard.records[0].sum(axis=1))
    drawn = count_draws(survey, config, space, species, used, occasions, active, told)
    return Study(
        survey,
        config,
        species,
        space,
        effort,
        occasions,
        records,
        hard,
        drawn,
        told,
        latitude,
        longitude,
        *_sun(survey, config, records, latitude, longitude, warnings),
        (*survey.warnings, *far, *warnings),
    )


def _choose_species(survey: Survey, wanted: tuple[str, ...]) -> tuple[str, ...]:
    answers = survey.answers
    known = tuple(dict.fromkeys((*answers.names, *survey.events.classes)))
    for name in wanted:
        if name not in known:
            raise UsageError(f"no answer is '{name}'{did_you_mean(name, known)}")
    chosen = wanted or tuple(sorted(name for name in known if observation_type(name) == "animal"))
    if not chosen:
        listed = ", ".join(f"'{name}'" for name in known) or "no answer at all"
        raise InputError(f"no animal was seen, there is {listed}: name classes with --species")
    return chosen


def _effort(
    survey: Survey, units: tuple[str, ...], by_station: bool
) -> tuple[Effort, Floats, Floats, tuple[str, ...]]:
    """Return the effort, the place of each unit by its first deployment, and warnings."""
    deployments = survey.deployments
    number = {name: at for at, name in enumerate(units)}
    names = deployments.station if by_station else deployments.camera
    unit_of = np.array([number.get(name, -1) for name in names], np.int64)
    effort = measure_effort(deployments, unit_of, units)
    latitude, longitude = np.full((2, len(units)), np.nan)
    for at in range(len(deployments) - 1, -1, -1):
        if unit_of[at] >= 0 and not np.isnan(deployments.latitude[at]):
            latitude[unit_of[at]] = deployments.latitude[at]
            longitude[unit_of[at]] = deployments.longitude[at]
    placed = np.flatnonzero((unit_of >= 0) & ~np.isnan(deployments.latitude))
    apart = np.maximum(
        np.abs(deployments.latitude - latitude[unit_of]),
        np.abs(deployments.longitude - longitude[unit_of]),
    )
    far = dict.fromkeys(units[unit_of[at]] for at in placed if apart[at] > ONE_PLACE)
    return effort, latitude, longitude, tuple(_far_apart(list(far)))


def _far_apart(names: list[str]) -> Iterator[str]:
    if names:
        listed = ", ".join(f"'{name}'" for name in names[:_EXAMPLES])
        which = counted(len(names), "station or camera has", "stations or cameras have")
        yield (
            f"{which} deployments more than {ONE_PLACE:g}° apart, and the place of the first:"
            f" {listed}"
        )


def _usable(survey: Survey, unit: Ints, effort: Effort) -> tuple[Ints, list[str]]:
    """Return the numbers of the events with a time at which their unit ran, and warnings."""
    time, warnings = survey.events.time, []
    timed = ~np.isnat(time)
    if not timed.all():
        count = counted(int((~timed).sum()), "event without a time is", "events without a time are")
        warnings.append(f"{count} left out")
    used = np.flatnonzero(timed)
    seconds = time[used].astype("datetime64[s]").astype(np.int64)
    running = covers(effort, unit[used], seconds)
    if not running.all():
        outside = used[~running]
        count = counted(len(outside), "event is", "events are")
        example = survey.events.ids[int(outside[0])].as_py()
        name = effort.units[int(unit[outside[0]])]
        moment = str(time[outside[0]])
        why = "no camera ran at that time and place by the deployments"
        if survey.deployments.is_guess:
            why = f"the time is {WHAT}, where their camera has others"
        warnings.append(f"{count} left out, since {why}, such as '{example}' at '{name}', {moment}")
        if survey.deployments.is_guess:
            warnings[-1] += ": correct the time with --clock-offset"
    if not running.any():
        raise InputError(
            "no event is within its deployment: compare the times and names of the deployments"
            f" with the events, such as '{example}' at '{name}', {moment}"
        )
    return used[running], warnings


def _hard_records(survey: Survey, space: Space, species: tuple[str, ...], used: Ints) -> Records:
    answers = survey.answers
    number = {name: at for at, name in enumerate(species)}
    codes = np.array([number.get(name, -1) for name in answers.names], np.int64)
    is_used = np.zeros(len(survey.events), bool)
    is_used[used] = True
    of = codes[answers.species] if len(codes) else answers.species
    kept = (of >= 0) & is_used[answers.event]
    return find_records(space, answers.event[kept], of[kept], answers.count[kept])


def _sun(
    survey: Survey,
    config: SummaryConfig,
    records: Records,
    latitude: Floats,
    longitude: Floats,
    warnings: list[str],
) -> tuple[Floats | None, SunTimes | None]:
    """Return the sun time of each record, and sunrise and sunset; adds to `warnings`."""
    times = survey.events.time[records.event]
    north, east = latitude[records.unit], longitude[records.unit]
    if np.isnan(north).all():
        return None, None
    zone = zone_minutes(times, config.time_zone, survey.events.zone, records.event)
    if np.isnan(zone).any():
        warnings.append(
            "sun time takes the clocks as those of the zone of the place (15° an hour):"
            " give --time-zone, such as 'Europe/Berlin'"
        )
        zone = np.where(np.isnan(zone), np.round(east / 15) * 60, zone)
    sun = sun_times(times, north, east, zone)
    minutes = (times - times.astype("datetime64[D]")).astype(np.int64) / 60
    known = ~np.isnan(sun.sunrise)
    if not known.all():
        count = counted(int((~known).sum()), "record has", "records have")
        warnings.append(f"{count} no sun time: no known place, or the sun does not rise or set")
    return (to_sun_time(minutes, sun), sun) if known.any() else (None, None)
