"""Sunrise and sunset as another library tells them, and times of day relative to them."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.ecology.activity.sun import SunTimes, mean_sun_times, sun_times, to_sun_time
from ctc.ecology.activity.time_zone import zone_minutes
from ctc.errors import UsageError


def sun_at(day: str, latitude: float, longitude: float, zone: float) -> SunTimes:
    one = np.array([latitude]), np.array([longitude]), np.array([zone])
    return sun_times(np.array([f"{day}T12:00:00"], "datetime64[s]"), *one)


@pytest.mark.parametrize(
    ("day", "latitude", "longitude", "zone", "rise", "fall"),
    [
        # as astral 3.2 tells them, within a minute
        ("2024-06-20", 51.4779, -0.0015, 60, (4, 43), (21, 21)),  # Greenwich
        ("2024-12-21", 51.4779, -0.0015, 0, (8, 4), (15, 53)),
        ("2024-03-20", 0.0, 0.0, 0, (6, 4), (18, 11)),  # the equator
        ("2024-12-21", -33.87, 151.21, 660, (5, 41), (20, 5)),  # Sydney
    ],
)
def test_sun_times_are_those_of_another_library(day, latitude, longitude, zone, rise, fall) -> None:
    found = sun_at(day, latitude, longitude, zone)
    assert found.sunrise[0] == pytest.approx(rise[0] * 60 + rise[1], abs=2)
    assert found.sunset[0] == pytest.approx(fall[0] * 60 + fall[1], abs=2)


def test_sun_times_are_unknown_in_the_polar_night() -> None:
    assert np.isnan(sun_at("2024-12-21", 78.2, 15.6, 60).sunrise[0])


SUN = SunTimes(np.array([300.0, 420.0, 300.0]), np.array([1200.0, 1020.0, 1200.0]))


def test_to_sun_time_puts_sunrise_at_the_mean_sunrise() -> None:
    rise, _ = mean_sun_times(SUN)
    found = to_sun_time(SUN.sunrise, SUN)
    assert found.tolist() == pytest.approx([rise] * 3)


def test_to_sun_time_stretches_the_day_evenly() -> None:
    rise, fall = mean_sun_times(SUN)
    found = to_sun_time((SUN.sunrise + SUN.sunset) / 2, SUN)
    assert found.tolist() == pytest.approx([(rise + fall) / 2] * 3)


def test_to_sun_time_stretches_the_night_evenly() -> None:
    rise, fall = mean_sun_times(SUN)
    found = to_sun_time(np.array([30.0, 0.0, 30.0]), SUN)
    assert found.tolist() == pytest.approx([(fall + (1440 - fall + rise) / 2) % 1440] * 3)


TIMES = np.array(["2024-01-15T12:00:00", "2024-07-15T12:00:00"], "datetime64[s]")
EVENTS = np.arange(2)


def test_zone_minutes_follow_summer_time() -> None:
    assert zone_minutes(TIMES, "Europe/Berlin", None, EVENTS).tolist() == [60, 120]


def test_zone_minutes_of_a_fixed_offset() -> None:
    assert zone_minutes(TIMES, "-03:30", None, EVENTS).tolist() == [-210, -210]


def test_zone_minutes_of_the_times_come_first() -> None:
    known = np.array([0.0, np.nan])
    assert zone_minutes(TIMES, "+01:00", known, EVENTS).tolist() == [0, 60]


def test_zone_minutes_names_an_unknown_zone() -> None:
    with pytest.raises(UsageError, match="no time zone called 'Europe/Atlantis'"):
        zone_minutes(TIMES, "Europe/Atlantis", None, EVENTS)
