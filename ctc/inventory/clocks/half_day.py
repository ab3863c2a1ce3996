"""Clocks that are twelve hours off: evidence of activity and of daylight, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.inventory.clocks.activity import MIN_CAMERAS, half_day_ratios
from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.daylight import Daylight, look_at_photos
from ctc.inventory.clocks.finding import ClockFinding
from ctc.inventory.clocks.offsets import HALF_DAY
from ctc.inventory.clocks.windows import Window, outside

MIN_SURE = 0.9
"""How sure a clock must be twelve hours off to be listed, unless the user is content with less."""
CONTRADICTED = 0.01
"""p-value of daylight as it should be, from which activity alone is not believed."""


@dataclass(frozen=True)
class HalfDaySearch:
    """Searches all cameras; see `look_at_photos`. `photos` 0: none are opened."""

    cameras: Sequence[Camera]
    is_wrong: Sequence[NDArray[np.bool_]]
    root: Path
    photos: int
    advance: Callable[[int, int], None]
    windows: Callable[[Camera], tuple[Window, ...]] = field(default=lambda _: ())
    min_sure: float = MIN_SURE
    notes: list[str] = field(default_factory=list)

    def run(self) -> Iterator[ClockFinding]:
        """Yield what is found; the probability of any false finding is 1 − `sure` at most.

        That is a Bonferroni correction for the tests of all cameras. Where events are outside of
        deployments, and only one of +12 h and -12 h puts them inside, half of the error is for
        these cameras alone: a weighted correction (Holm 1979).
        """
        ratios = half_day_ratios(self.cameras, self.is_wrong)
        if np.isnan(ratios).all():
            self.notes.append(
                f"activity is not compared: that takes {MIN_CAMERAS} cameras with species that"
                " others have 30 events of"
            )
        lights = self._daylight()
        weights = self._weights(ratios, lights)
        for number, camera in enumerate(self.cameras):
            ratio, light = float(ratios[number]), lights[number]
            by_activity = 1.0 if np.isnan(ratio) else 1 / ratio
            if light.chance_if_wrong <= CONTRADICTED:
                by_activity = 1.0
            chance = min(by_activity, light.chance_if_right)
            sure = 1 - min(1.0, chance / max(weights[number], chance))
            if sure >= self.min_sure:
                yield self._finding(camera, number, sure, _evidence(ratio, light))

    def _weights(
        self, ratios: NDArray[np.float64], lights: Sequence[Daylight]
    ) -> NDArray[np.float64]:
        """Return the share of the error that each test of a camera has, (cameras,)."""
        tests = np.array(
            [
                int(not np.isnan(ratio)) + light.can_tell
                for ratio, light in zip(ratios, lights, strict=True)
            ]
        )
        is_suspect = np.array([self._is_suspect(at) for at in range(len(self.cameras))], bool)
        shares = [1 / max(int(one.sum()), 1) for one in (tests, tests[is_suspect])]
        if not tests[is_suspect].any():
            return np.full(len(tests), shares[0])
        return np.where(is_suspect, (shares[0] + shares[1]) / 2, shares[0] / 2)

    def _is_suspect(self, number: int) -> bool:
        """Return whether events are outside of the deployments, but not if moved by 12 hours."""
        camera = self.cameras[number]
        times, windows = camera.times[~self.is_wrong[number]], self.windows(camera)
        return bool(outside(times, windows).any()) and len(half_days_that_fit(times, windows)) == 1

    def _daylight(self) -> list[Daylight]:
        if not self.photos:
            return [Daylight()] * len(self.cameras)
        looked = look_at_photos(self.cameras, self.is_wrong, self.root, self.photos, self.advance)
        if looked.failures:
            of_all = f"{len(looked.failures):,} of {looked.photos:,}"
            self.notes.append(f"{of_all} photos can't be opened (first: {looked.failures[0]})")
        return looked.cameras

    def _finding(self, camera: Camera, number: int, sure: float, evidence: str) -> ClockFinding:
        right = ~self.is_wrong[number]
        times, windows = camera.times[right], self.windows(camera)
        fitting = half_days_that_fit(times, windows)
        known = len(fitting) == 1
        if not fitting:
            evidence += "; neither +12 h nor -12 h fits the deployment"
        elif not known:
            evidence += "; +12 h and -12 h both fit, a day apart"
        elif outside(times, windows).any():
            evidence += f"; {describe_shift(fitting[0])} puts all into the deployment"
        start, end, applies = _span(camera, right)
        return ClockFinding(
            camera.name,
            "12 hours off",
            start,
            end,
            int(right.sum()),
            evidence,
            float(fitting[0]) if known else None,
            sure=sure,
            applies=applies,
        )


def half_days_that_fit(times: NDArray[np.datetime64], windows: Sequence[Window]) -> tuple[int, ...]:
    """Return which of +12 and -12 hours, in seconds, put all times into the deployments.

    Both, if none is known.
    """
    return tuple(
        shift
        for shift in (HALF_DAY, -HALF_DAY)
        if not outside(times + np.timedelta64(shift, "s"), windows).any()
    )


def describe_shift(seconds: int) -> str:
    """Return '+12 h' or '-12 h'."""
    return f"{seconds // 3_600:+} h"


def _span(camera: Camera, right: NDArray[np.bool_]) -> tuple[str | None, str | None, bool]:
    """Return the first and last time of these events, if there are others, and whether all between
    are of them."""
    if right.all():
        return None, None, True
    times = camera.times[right]
    first, last = times.min(), times.max()
    inside = (camera.times >= first) & (camera.times <= last)
    start, end = (str(np.datetime_as_string(one, "s")) for one in (first, last))
    return start, end, bool((inside == right).all())


def _evidence(ratio: float, light: Daylight) -> str:
    day, night = light.grey_day + light.colour_day, light.grey_night + light.colour_night
    said = []
    if day or night:
        said.append(
            f"grey: {light.grey_day} of {day} photos by day, {light.grey_night} of {night} by night"
        )
    if not np.isnan(ratio):
        said.append(f"activity {_times(ratio)} as likely if moved by 12 h")
    return "; ".join(said)


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.2g} times"
