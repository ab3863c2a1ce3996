"""Bursts: photos of one location in quick succession."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctc.images.bursts import NO_LOCATION, burst_ids

MINUTE = np.timedelta64(60, "s")
PHOTOS = st.lists(st.tuples(st.integers(-1, 3), st.none() | st.integers(0, 40)), max_size=40)


def numbers(locations: list[int], seconds: list[int | None], within: int = 60) -> list[int]:
    times = np.array(
        [None if second is None else np.datetime64(second, "s") for second in seconds],
        "datetime64[ms]",
    )
    return burst_ids(np.array(locations, np.int64), times, np.timedelta64(within, "s")).tolist()


@pytest.mark.parametrize(
    ("locations", "seconds", "expected"),
    [
        ([0, 0, 0], [0, 60, 120], [0, 0, 0]),
        ([0, 0, 0], [0, 60, 121], [0, 0, 1]),
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1]),
        ([0, 0, 0], [200, 0, 30], [1, 0, 0]),
        ([0, NO_LOCATION, NO_LOCATION], [0, 0, 0], [2, 0, 1]),
        ([0, 0, 0], [0, None, None], [0, 1, 2]),
        ([], [], []),
    ],
    ids=["a chain", "a gap", "two locations", "out of order", "no location", "no time", "nothing"],
)
def test_group_bursts_chains_by_location_and_gap(
    locations: list[int], seconds: list[int | None], expected: list[int]
) -> None:
    assert numbers(locations, seconds) == expected


def test_group_bursts_regards_fractions_of_seconds() -> None:
    times = np.array(["2026-01-01T00:00:00.000", "2026-01-01T00:01:00.001"], "datetime64[ms]")
    assert burst_ids(np.zeros(2, np.int64), times, MINUTE).tolist() == [0, 1]


@given(PHOTOS, st.integers(0, 10))
def test_group_bursts_separates_locations_and_large_gaps(
    photos: list[tuple[int, int | None]], within: int
) -> None:
    bursts: dict[int, list[tuple[int, int | None]]] = {}
    for number, photo in zip(
        numbers([p for p, _ in photos], [t for _, t in photos], within), photos, strict=True
    ):
        bursts.setdefault(number, []).append(photo)
    spans: dict[int, list[tuple[int, int]]] = {}
    for burst in bursts.values():
        locations = {location for location, _ in burst}
        times = sorted(time for _, time in burst if time is not None)
        assert len(locations) == 1
        if len(burst) > 1:
            assert locations != {NO_LOCATION}
            assert len(times) == len(burst)
            assert max(np.diff(times)) <= within
        if times and locations != {NO_LOCATION}:
            spans.setdefault(locations.pop(), []).append((times[0], times[-1]))
    for spanned in spans.values():
        spanned.sort()
        assert all(after[0] - before[1] > within for before, after in pairwise(spanned))
