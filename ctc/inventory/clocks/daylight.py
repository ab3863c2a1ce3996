"""Whether photos are grey at noon and in colour at midnight, by the clock of their camera.

Most cameras flash in infrared at night, which makes photos grey. Fisher's exact test tells whether
grey photos are those of clock hours at day: if grey had nothing to do with the hour, or were at
night as it should, so small a p-value would come with a probability of p at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.errors import ImageError
from ctc.images import decode, read_photo
from ctc.inventory.clocks.activity import event_hours
from ctc.inventory.clocks.cameras import Camera
from ctc.storage.paths import join_path
from ctc.storage.remote_files import io_threads

DAY_HOURS, NIGHT_HOURS = (9, 15), (21, 3)
"""From … to before …: day and night at all seasons but near the poles."""
_SIZE = (32, 32)
_MARGIN = 0.15
"""Share of each side that is left out, since cameras print a strip there."""
_COLOUR = 16
"""Difference of the channels from which a pixel has a colour."""
_MAX_COLOURED = 0.05
THREADS = 8


@dataclass(frozen=True)
class Daylight:
    """Photos of a camera by clock hour: grey and in colour, of the day and of the night."""

    grey_day: int = 0
    colour_day: int = 0
    grey_night: int = 0
    colour_night: int = 0

    @property
    def can_tell(self) -> bool:
        """Whether there are grey and coloured photos, and photos by day and by night."""
        day, night = self.grey_day + self.colour_day, self.grey_night + self.colour_night
        grey, colour = self.grey_day + self.grey_night, self.colour_day + self.colour_night
        return min(day, night, grey, colour) > 0

    @property
    def chance_if_right(self) -> float:
        """The p-value of day and night changed over."""
        return _upper_tail(self.grey_day, self.colour_day, self.grey_night, self.colour_night)

    @property
    def chance_if_wrong(self) -> float:
        """The p-value of day and night as they should be."""
        return _upper_tail(self.grey_night, self.colour_night, self.grey_day, self.colour_day)


@dataclass
class PhotoLook:
    """What photos show, camera by camera; `photos`: how many were opened or not, `failures`: why
    not."""

    cameras: list[Daylight] = field(default_factory=list)
    photos: int = 0
    failures: list[str] = field(default_factory=list)


def look_at_photos(
    cameras: Sequence[Camera],
    is_wrong: Sequence[NDArray[np.bool_]],
    root: Path,
    photos: int,
    advance: Callable[[int, int], None],
) -> PhotoLook:
    """Open up to `photos` of each camera, half of the day and half of the night."""
    look = PhotoLook()
    with ThreadPoolExecutor(io_threads(root, THREADS), "ctc-clocks") as pool:
        for camera, wrong in zip(cameras, is_wrong, strict=True):
            counts: list[int] = []
            for chosen in _choose(camera, wrong, photos):
                paths = [join_path(root, camera.paths[at]) for at in chosen]
                counts += _count_grey(paths, pool, look, advance)
            look.cameras.append(Daylight(*counts))
    return look


def photos_to_open(
    cameras: Sequence[Camera], is_wrong: Sequence[NDArray[np.bool_]], photos: int
) -> int:
    """Return how many photos `look_at_photos` opens."""
    return sum(
        len(one)
        for camera, wrong in zip(cameras, is_wrong, strict=True)
        for one in _choose(camera, wrong, photos)
    )


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Return whether a photo (height, width, 3) has no colours, as those by infrared light."""
    height, width = (round(side * _MARGIN) for side in pixels.shape[:2])
    inner = pixels[height : pixels.shape[0] - height, width : pixels.shape[1] - width]
    inner = inner.astype(np.int16)
    # a cast over the whole photo, which some sensors have by infrared light, is no colour
    inner -= np.median(inner.reshape(-1, 3), axis=0).astype(np.int16)
    coloured = inner.max(axis=-1) - inner.min(axis=-1) > _COLOUR
    return float(coloured.mean()) <= _MAX_COLOURED


def _count_grey(
    paths: Sequence[str],
    pool: ThreadPoolExecutor,
    look: PhotoLook,
    advance: Callable[[int, int], None],
) -> list[int]:
    """Return how many photos are grey, and how many in colour; those that fail are noted."""
    grey = []
    for path, found in zip(paths, pool.map(_read_grey, paths), strict=True):
        look.photos += 1
        advance(1, int(isinstance(found, str)))
        if isinstance(found, str):
            look.failures.append(f"'{path}': {found}")
        else:
            grey.append(found)
    return [grey.count(True), grey.count(False)]


def _choose(camera: Camera, wrong: NDArray[np.bool_], photos: int) -> Iterator[Ints]:
    """Yield events of the day and of the night, one of an hour, spread over all."""
    hours = event_hours(camera)
    hour = camera.times.astype("datetime64[h]").astype(np.int64)
    for start, end in (DAY_HOURS, NIGHT_HOURS):
        inside = (
            (hours >= start) & (hours < end) if start < end else (hours >= start) | (hours < end)
        )
        events = np.flatnonzero(inside & ~wrong)
        events = events[np.unique(hour[events], return_index=True)[1]]
        spread = np.linspace(0, len(events) - 1, min(len(events), photos // 2)).round()
        yield events[spread.astype(np.int64)]


def _read_grey(path: str) -> bool | str:
    """Return whether a photo is grey, or why it can't be opened."""
    try:
        return is_grey(decode(read_photo(path), _SIZE, "use"))
    except ImageError as error:
        return str(error)


def _upper_tail(first: int, second: int, third: int, fourth: int) -> float:
    """Return the probability of at least `first` in a table [[first, second], [third, fourth]]."""
    row, column, total = first + second, first + third, first + second + third + fourth
    ways = sum(
        comb(column, one) * comb(total - column, row - one)
        for one in range(first, min(row, column) + 1)
    )
    return ways / comb(total, row)
