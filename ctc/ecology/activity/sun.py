"""Times of sunrise and sunset, and times of day relative to them.

The sun's place is that of the NOAA, "General Solar Position Calculations" (after Spencer 1971),
good to about a minute: https://gml.noaa.gov/grad/solcalc/solareqns.PDF.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctc.ecology.survey import Floats, Times

ZENITH = np.radians(90.833)
"""Of the sun's centre at sunrise and sunset, with refraction."""
DAY_MINUTES = 1_440


class SunTimes(NamedTuple):
    """Minutes after midnight of a camera's clock, (n,); NaN where the sun does not rise or set."""

    sunrise: Floats
    sunset: Floats


def sun_times(times: Times, latitude: Floats, longitude: Floats, zone: Floats) -> SunTimes:
    """Return sunrise and sunset on the days of `times`, (n,).

    `latitude`, `longitude`: degrees; `zone`: minutes by which the clock is ahead of UTC.
    """
    day = times.astype("datetime64[D]")
    year = times.astype("datetime64[Y]")
    length = ((year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")).astype(float)
    angle = 2 * np.pi / length * (day - year.astype("datetime64[D]")).astype(float)
    declination = _declination(angle)
    north = np.radians(latitude)
    cosine = np.cos(ZENITH) / (np.cos(north) * np.cos(declination))
    cosine -= np.tan(north) * np.tan(declination)
    with np.errstate(invalid="ignore"):
        half = 4 * np.degrees(np.arccos(cosine))
    noon = 720 - 4 * longitude - _equation_of_time(angle) + zone
    return SunTimes(noon - half, noon + half)


def to_sun_time(minutes: Floats, sun: SunTimes) -> Floats:
    """Return times of day, moved so that sunrise and sunset come at their mean times, (n,).

    Between them, time is stretched evenly: the transformation of Nouvellet et al. 2012,
    https://doi.org/10.1111/j.1469-7998.2011.00864.x, with the average anchors of Vazquez et al.
    2019, https://doi.org/10.1111/2041-210X.13290, which distort least far from the equator. NaN
    where the sun does not rise or set.
    """
    rise, fall = mean_sun_times(sun)
    light = np.mod(sun.sunset - sun.sunrise, DAY_MINUTES)
    after = np.mod(minutes - sun.sunrise, DAY_MINUTES)
    day, mean_day = after <= light, np.mod(fall - rise, DAY_MINUTES)
    in_light = rise + after * mean_day / light
    in_dark = fall + (after - light) * (DAY_MINUTES - mean_day) / (DAY_MINUTES - light)
    return np.asarray(np.mod(np.where(day, in_light, in_dark), DAY_MINUTES))


def mean_sun_times(sun: SunTimes) -> tuple[float, float]:
    """Return the mean sunrise and sunset of the records, on the circle."""
    return _circular_mean(sun.sunrise), _circular_mean(sun.sunset)


def _circular_mean(minutes: Floats) -> float:
    angle = minutes[~np.isnan(minutes)] * 2 * np.pi / DAY_MINUTES
    mean = np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())
    return float(mean * DAY_MINUTES / (2 * np.pi) % DAY_MINUTES)


def _declination(angle: Floats) -> Floats:
    terms = ((-0.399912, 0.070257), (-0.006758, 0.000907), (-0.002697, 0.00148))
    return 0.006918 + _series(angle, terms)


def _equation_of_time(angle: Floats) -> Floats:
    """Return minutes by which a sundial is ahead of a clock."""
    return 229.18 * (0.000075 + _series(angle, ((0.001868, -0.032077), (-0.014615, -0.040849))))


def _series(angle: Floats, terms: tuple[tuple[float, float], ...]) -> Floats:
    total = np.zeros_like(angle)
    for number, (cosine, sine) in enumerate(terms, 1):
        total += cosine * np.cos(number * angle) + sine * np.sin(number * angle)
    return total
