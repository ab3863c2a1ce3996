"""Times of cameras whose clock was not set."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.images.metadata.camera_clock import is_wrong_time


def wrong(*times: str) -> list[bool]:
    return is_wrong_time(np.array(times, "datetime64[us]")).tolist()


@pytest.mark.parametrize(
    "time",
    [
        "1970-01-01T00:00:05",
        "2000-01-01T00:00:05",
        "2000-01-01T12:00:00",
        "2000-03-04T05:06:07",
        "2015-01-01T00:00:09",
        "2010-01-01T12:30:00",
        "4999-06-01T10:00:00",
    ],
)
def test_is_wrong_time_of_default_clocks_and_the_future(time: str) -> None:
    assert wrong(time) == [True]


def test_is_wrong_time_leaves_possible_times_and_nat() -> None:
    now = str(np.datetime64("now", "s"))
    times = ["2001-01-01T00:00:05", "2015-01-01T09:00:00", "2015-01-02T00:00:05", now, "NaT"]
    assert wrong(*times) == [False] * 5
