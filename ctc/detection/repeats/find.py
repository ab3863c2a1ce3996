"""Search for repeats: places where a camera's photos have a box again and again.

What MegaDetector calls repeat detection elimination
(https://github.com/agentmorris/MegaDetector, `repeat_detection_elimination`) has the same aim. Here
the places are the densest ones: the box that most others overlap comes first, with all that
overlap it; then the next densest of what is left. The result doesn't depend on the order of the
photos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.repeats import Corners, RepeatPlace, corners_of, overlap
from ctc.detection.repeats.boxes_file import CameraBoxes

SHOWN_PHOTOS = 3
"""Photos of each place that are named, to be looked at."""


@dataclass(frozen=True)
class RepeatConfig:
    """What counts as a repeat.

    `min_photos`: of a camera with a box at the place. `min_iou`: smallest intersection over union
    (0–1) of boxes at one place. `max_area`: largest share of the photo (0–1) that a box fills.
    `min_hours`: least hours between the first and the last photo, where times are known.
    """

    min_photos: int = 15
    min_iou: float = 0.85
    max_area: float = 0.2
    min_hours: float = 24.0


DEFAULT_REPEATS = RepeatConfig()


@dataclass(frozen=True)
class FoundRepeat:
    """A place, and some photos, or frames of videos, that have a box there, early to late."""

    place: RepeatPlace
    photos: tuple[str, ...]


def find_repeats(
    cameras: Mapping[str, CameraBoxes], config: RepeatConfig = DEFAULT_REPEATS
) -> Iterator[FoundRepeat]:
    """Yield the places of each camera, those with most photos first; cameras in their order."""
    for camera, boxes in cameras.items():
        found = [_repeat(camera, boxes, one) for one in _groups(boxes, config)]
        yield from sorted(
            found, key=lambda one: (-one.place.photos, one.place.box.x, one.place.box.y)
        )


def _groups(found: CameraBoxes, config: RepeatConfig) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of the boxes at each place, first that of the box in its middle.

    Categories don't matter: a stone may be an animal now and a person then.
    """
    corners = corners_of(found.boxes)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    order = np.flatnonzero(areas <= config.max_area)
    order = order[np.argsort(corners[order, 0], kind="stable")]
    photos = np.array(found.photos, np.intp)[order]
    near = _Neighbors(corners[order], config.min_iou)
    is_free = np.ones(len(order), np.bool_)
    for row in _densest_first(corners[order], near, config.min_photos):
        if not is_free[row]:
            continue
        members = near.of(row)
        members = members[is_free[members]]
        if np.unique(photos[members]).size < config.min_photos:
            continue
        is_free[members] = False
        group = order[np.concatenate([[row], members[members != row]])]
        if _lasts(found, group, config.min_hours):
            yield group


def _densest_first(corners: Corners, near: _Neighbors, least: int) -> list[int]:
    """Return the rows with at least `least` boxes around them; of equally many, those first that
    overlap them most, then by place."""
    found = [(row, near.overlaps(row)) for row in range(len(corners))]
    keys = {
        row: (-len(values), -round(float(values.sum()), 6), *corners[row].tolist())
        for row, values in found
        if len(values) >= least
    }
    return sorted(keys, key=keys.__getitem__)


class _Neighbors:
    """The boxes that overlap another; `corners` are sorted by their left side."""

    def __init__(self, corners: Corners, min_iou: float) -> None:
        self._corners, self._min_iou = corners, min_iou
        # intersection over union of t: the left sides differ by at most (1 - t) / t of a width
        reach = (1 - min_iou) / min_iou * (corners[:, 2] - corners[:, 0]) + 1e-9
        left = corners[:, 0]
        self._start = np.searchsorted(left, left - reach, "left")
        self._end = np.searchsorted(left, left + reach, "right")

    def of(self, row: int) -> NDArray[np.intp]:
        """Return the rows that overlap this one enough, itself among them."""
        is_near = self._window(row) >= self._min_iou
        return np.asarray(np.flatnonzero(is_near) + self._start[row], np.intp)

    def overlaps(self, row: int) -> NDArray[np.float64]:
        """Return how much each row of `of` overlaps this one."""
        values = self._window(row)
        return np.asarray(values[values >= self._min_iou])

    def _window(self, row: int) -> NDArray[np.float64]:
        return overlap(self._corners[self._start[row] : self._end[row]], self._corners[row])


def _lasts(found: CameraBoxes, group: NDArray[np.intp], hours: float) -> bool:
    """Return whether the photos are from long enough a time, or of unknown times."""
    times = [time for row in group if (time := found.times[found.photos[row]]) is not None]
    return not times or max(times) - min(times) >= timedelta(hours=hours)


def _repeat(camera: str, found: CameraBoxes, group: NDArray[np.intp]) -> FoundRepeat:
    numbers = sorted({found.photos[row] for row in group})
    times = [time for number in numbers if (time := found.times[number]) is not None]
    categories = Counter(found.categories[row] for row in group)
    box = found.boxes[group[0]]
    place = RepeatPlace(
        camera,
        box,
        len(numbers),
        min(times).isoformat() if times else None,
        max(times).isoformat() if times else None,
        min(categories, key=lambda name: (-categories[name], name)),
        found.shown[group[0]],
    )
    shown = {found.photos[row]: found.shown[row] for row in group[::-1]}
    by_time = sorted(numbers, key=lambda number: (found.times[number] or datetime.min, number))
    spread = np.linspace(0, len(by_time) - 1, min(SHOWN_PHOTOS, len(by_time))).round().astype(int)
    return FoundRepeat(place, tuple(shown[by_time[at]] for at in spread))
