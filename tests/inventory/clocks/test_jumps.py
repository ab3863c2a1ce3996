"""Pieces of a camera's files whose times don't fit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.jumps import JumpSearch, Piece
from ctc.inventory.clocks.offsets import Limits

DAY = 86_400
NOON = np.datetime64("2024-05-01T12:00:00")


def search(seconds: list[int], wrong: list[int] | None = None) -> JumpSearch:
    """Return a search of files numbered in this order, those in `wrong` known to be wrong."""
    times = NOON + np.array(seconds, "timedelta64[s]")
    order = np.arange(len(seconds))
    names = tuple(f"IMG_{number:04}.JPG" for number in order)
    is_wrong: NDArray[np.bool_] = np.isin(order, wrong or [])
    return JumpSearch(Camera("a", ("a",), names, times, order * 0, (order,)), is_wrong)


def hourly(count: int) -> list[int]:
    return [3_600 * number for number in range(count)]


def test_jumps_finds_files_that_are_behind_and_their_offset() -> None:
    seconds = hourly(100)
    seconds[40:60] = [one - 365 * DAY for one in seconds[40:60]]
    (piece,) = search(seconds).jumps()
    assert piece.events.tolist() == list(range(40, 60))
    # an hour more or less than a year, by the files before and after
    assert piece.limits == Limits(365 * DAY - 3_600, 365 * DAY + 3_600)
    # the longest silence but that is 1 h of the 98 that there are
    assert piece.chance == pytest.approx(3_600 / (365 * DAY + 3_600) / 98)


def test_jumps_finds_files_that_are_ahead() -> None:
    seconds = hourly(100)
    seconds[40:60] = [one + 30 * DAY for one in seconds[40:60]]
    (piece,) = search(seconds).jumps()
    assert piece.events.tolist() == list(range(40, 60))
    assert piece.limits == Limits(-30 * DAY - 3_600, -30 * DAY + 3_600)


def test_jumps_tells_a_step_of_which_either_side_may_be_wrong() -> None:
    seconds = [60 * number for number in range(100)]
    seconds[50:] = [one - 3_600 for one in seconds[50:]]
    (piece,) = search(seconds).jumps()
    assert (piece.after, piece.chance) == (49, None)
    assert piece.evidence.startswith("went back by 59 min or more, as when summer time ends")


def test_jumps_finds_nothing_where_time_goes_on() -> None:
    assert not list(search([0, 5, 3, 90, 80_000_000]).jumps())  # 2 s against the numbers


def test_jumps_gives_up_where_names_do_not_tell_the_order() -> None:
    found = search([7_200 * (number % 2) for number in range(100)])
    assert not list(found.jumps())
    assert found.notes == [
        "'a': file names don't tell the order of photos, whose times go back 49 times"
    ]


def test_wrong_runs_have_limits_by_the_right_files_around() -> None:
    seconds = hourly(6)
    seconds[2:4] = [-20 * 366 * DAY, -20 * 366 * DAY + 5]
    (run,) = search(seconds, wrong=[2, 3]).wrong_runs()
    lost = 20 * 366 * DAY
    assert run == Piece(run.events, Limits(lost + 3_600, lost + 4 * 3_600 - 5), 0.0)
    assert run.events.tolist() == [2, 3]


def test_wrong_runs_part_where_the_clock_fell_back_again() -> None:
    runs = search([0, -9 * DAY, -9 * DAY + 5, -9 * DAY, 50], wrong=[1, 2, 3]).wrong_runs()
    assert [run.events.tolist() for run in runs] == [[1, 2], [3]]
