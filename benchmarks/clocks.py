"""How often `ctc inventory clocks` takes a right clock for one that is twelve hours off, and how
often it finds one.

    python -m benchmarks.clocks [STUDIES]

Studies of a known world: species have activities by the time of day, which every camera has in a
way of its own (hours earlier or later, more or less spread), cameras have mixes of species of their
own, and animals come back within the hour. By infrared light photos are grey; some cameras flash in
white, some are grey all day. Counted are the studies in which any right clock is found, and the
clocks that are twelve hours off and are found, one in each study: by the species, by classes of
which one has two species of opposite hours, and by the colour of up to 40 photos.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctc.inventory.clocks.activity import half_day_ratios
from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.daylight import DAY_HOURS, NIGHT_HOURS, Daylight

CONFIDENCE = 0.99
_TESTS = 2
PEAKS = ((23.0, 1.5), (21.0, 0.8), (6.5, 2.0), (13.0, 2.0), (12.0, 1.2), (1.0, 0.6))
"""Hour and concentration of von Mises activities of six species."""
HOUR_SPREAD, MIX = 1.5, 0.5
"""Hours by which cameras differ, and the concentration of their mixes of species."""
MIXED = (0, 1, 2, 0, 3, 4)
"""The classes of these species, two in one that are active at opposite hours."""
DAYS, COME_BACK = 60, 0.4
SHOWN, WHITE_FLASH, ALWAYS_GREY, MISTAKEN = 40, 0.1, 0.05, 0.03
START = np.datetime64("2024-04-01T00:00:00")


@dataclass(frozen=True)
class World:
    """A study of `cameras` with about `events` each; the first is twelve hours off or right."""

    cameras: int
    events: int

    def draw(
        self, rng: np.random.Generator, is_off: bool, is_mixed: bool
    ) -> tuple[list[Camera], list[Daylight]]:
        """Return the cameras and what their photos show."""
        found = [
            self._camera(rng, number, is_off and number == 0) for number in range(self.cameras)
        ]
        lights = [daylight(rng, camera, is_off and at == 0) for at, camera in enumerate(found)]
        if is_mixed:
            found = [replace(one, classes=np.array(MIXED)[one.classes]) for one in found]
        return found, lights

    def _camera(self, rng: np.random.Generator, number: int, is_off: bool) -> Camera:
        mix = rng.dirichlet(np.full(len(PEAKS), MIX))
        species = rng.choice(len(PEAKS), self.events, p=mix)
        shift = rng.normal(0, HOUR_SPREAD, len(PEAKS))
        kappa = rng.lognormal(0, 0.5, len(PEAKS))
        peaks = np.array(PEAKS)
        angle = rng.vonmises(0, (peaks[:, 1] * kappa)[species])
        hours = (peaks[:, 0] + shift)[species] + angle * 12 / np.pi
        seconds = rng.integers(0, DAYS, self.events) * 86_400 + (hours % 24 * 3_600).astype(int)
        for at in range(1, self.events):  # an animal comes back
            if rng.random() < COME_BACK:
                species[at] = species[at - 1]
                seconds[at] = seconds[at - 1] + rng.integers(60, 3_600)
        seconds += 43_200 * is_off
        times = START + seconds.astype("timedelta64[s]")
        return Camera(f"c{number}", (f"c{number}",), ("",) * self.events, times, species)


def daylight(rng: np.random.Generator, camera: Camera, is_off: bool) -> Daylight:
    """Return what up to SHOWN photos of a camera show, half of each time of the clock."""
    kind = rng.choice(3, p=[1 - WHITE_FLASH - ALWAYS_GREY, WHITE_FLASH, ALWAYS_GREY])
    hours = camera.times.astype("datetime64[h]").astype(np.int64) % 24
    day = min(int(((hours >= DAY_HOURS[0]) & (hours < DAY_HOURS[1])).sum()), SHOWN // 2)
    night = min(int(((hours >= NIGHT_HOURS[0]) | (hours < NIGHT_HOURS[1])).sum()), SHOWN // 2)
    grey = (MISTAKEN, (1 - MISTAKEN, MISTAKEN, 1 - MISTAKEN)[kind])  # by day, by night
    grey = (1 - MISTAKEN if kind == 2 else grey[0], grey[1])
    at_day, at_night = grey[::-1] if is_off else grey
    grey_day, grey_night = int(rng.binomial(day, at_day)), int(rng.binomial(night, at_night))
    return Daylight(grey_day, day - grey_day, grey_night, night - grey_night)


def sure_of(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how sure each camera is off, as `half_day` does."""
    return np.asarray(1 - np.minimum(1, _TESTS * len(chances) * chances))


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print("cameras events  by                         studies with a false alarm   found")
    for cameras in (8, 30):
        for events in (20, 50, 200):
            world = World(cameras, events)
            for name in ("species", "species, two in one class", "colour"):
                alarms, found = measure(world, name, studies)
                print(f"{cameras:7} {events:6}  {name:26} {alarms:12.2%} {found:22.1%}", flush=True)


def measure(world: World, by: str, studies: int) -> tuple[float, float]:
    """Return the share of studies of right clocks with a false alarm, and of those found."""
    rng = np.random.default_rng(1)
    alarms = found = 0
    for _ in range(studies):
        for is_off in (False, True):
            cameras, lights = world.draw(rng, is_off, by.endswith("class"))
            if by == "colour":
                chances = np.array([light.chance_if_right for light in lights])
            else:
                nothing = [np.zeros(len(one), bool) for one in cameras]
                chances = 1 / half_day_ratios(cameras, nothing)
            sure = sure_of(np.nan_to_num(chances, nan=1.0)) >= CONFIDENCE
            if is_off:
                found += bool(sure[0])
            else:
                alarms += bool(sure.any())
    return alarms / studies, found / studies


if __name__ == "__main__":
    main()
