"""Trap nights and days of operation, against minutes counted one by one, and by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_world import many

from ctc.ecology.effort import covers, measure_effort
from ctc.ecology.readers.deployments import read_deployments
from ctc.ecology.survey import Deployments

FIRST = datetime(2024, 4, 1)
HOUR = timedelta(hours=1)


def deployments(spans, gaps=()) -> Deployments:
    """Deployments of (station, first hour, last hour), with gaps of (number, from, to)."""
    names = tuple(name for name, _, _ in spans)
    start = np.array([FIRST + low * HOUR for _, low, _ in spans], "datetime64[s]")
    end = np.array([FIRST + high * HOUR for _, _, high in spans], "datetime64[s]")
    nowhere = np.full(len(spans), np.nan)
    times = [
        (at, np.datetime64(FIRST + low * HOUR, "s"), np.datetime64(FIRST + high * HOUR, "s"))
        for at, low, high in gaps
    ]
    return Deployments(names, names, start, end, nowhere, nowhere, times)


def effort_of(spans, gaps=()):
    table = deployments(spans, gaps)
    units = tuple(dict.fromkeys(table.station))
    return measure_effort(table, np.array([units.index(one) for one in table.station]), units)


HOURS = st.integers(0, 120)
SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), HOURS, st.integers(1, 60)).map(
        lambda one: (one[0], one[1], one[1] + one[2])
    ),
    min_size=1,
    max_size=5,
)
GAPS = st.lists(st.tuples(st.integers(0, 4), HOURS, st.integers(0, 30)), max_size=4)


def slow(spans, gaps) -> dict[tuple[str, int], float]:
    """Count the hours in which any camera of a station worked, by station and day."""
    worked: set[tuple[str, int]] = set()
    for at, (name, low, high) in enumerate(spans):
        broken = {h for number, start, end in gaps if number == at for h in range(start, end)}
        worked |= {(name, hour) for hour in range(low, high) if hour not in broken}
    days: dict[tuple[str, int], float] = {}
    for name, hour in worked:
        days[name, hour // 24] = days.get((name, hour // 24), 0) + 1 / 24
    return days


@many(300)
@given(spans=SPANS, gaps=GAPS)
def test_measure_effort_is_what_hours_add_up_to(spans, gaps) -> None:
    known = [(at, low, low + more) for at, low, more in gaps if at < len(spans)]
    effort = effort_of(spans, known)
    expected = slow(spans, known)
    first = min(low for _, low, _ in spans) // 24
    for unit, name in enumerate(effort.units):
        row = np.nan_to_num(effort.operation[unit])
        found = [expected.get((name, first + day), 0.0) for day in range(len(row))]
        assert row.tolist() == pytest.approx(found)


def test_measure_effort_counts_fractions_of_days() -> None:
    effort = effort_of([("a", 18, 54)])
    assert effort.operation.tolist() == [[0.25, 1, 0.25]]


def test_measure_effort_is_unknown_outside_of_deployments() -> None:
    effort = effort_of([("a", 0, 24), ("b", 0, 72)])
    assert np.isnan(effort.operation[0]).tolist() == [False, True, True]


def test_measure_effort_is_0_between_deployments() -> None:
    effort = effort_of([("a", 0, 24), ("a", 48, 72)])
    assert effort.operation.tolist() == [[1, 0, 1]]


def test_measure_effort_counts_two_cameras_at_once_once() -> None:
    assert effort_of([("a", 0, 24), ("a", 12, 48)]).trap_nights.tolist() == [2]


def test_measure_effort_of_a_broken_camera_is_that_of_the_other() -> None:
    assert effort_of([("a", 0, 48), ("a", 0, 24)], [(0, 0, 48)]).trap_nights.tolist() == [1]


def covered(effort, *hours: float) -> list[bool]:
    """Return whether the first unit ran at these hours."""
    start = int(np.datetime64(FIRST, "s").astype(int))
    seconds = start + np.round(np.array(hours) * 3600).astype(np.int64)
    return covers(effort, np.zeros(len(hours), np.int64), seconds).tolist()


def test_covers_moments_at_which_the_unit_ran() -> None:
    effort = effort_of([("a", 6, 24), ("a", 48, 70)])
    assert covered(effort, -1, 5.9, 6, 30, 50, 70) == [False, False, True, False, True, True]
    assert covered(effort, 70.1, 80) == [False, False]


def test_covers_nothing_while_a_camera_is_broken() -> None:
    effort = effort_of([("a", 0, 24)], [(0, 6, 12)])
    assert covered(effort, 5, 7, 13) == [True, False, True]


def test_covers_what_the_other_camera_sees() -> None:
    effort = effort_of([("a", 0, 24), ("a", 0, 24)], [(0, 6, 12)])
    assert covered(effort, 7) == [True]


def test_covers_all_of_a_day_of_which_no_time_is_known(tmp_path: Path) -> None:
    path = tmp_path / "deployments.csv"
    path.write_text("Station,start,end\na,2024-04-01,2024-04-03\n", encoding="utf-8")
    effort = measure_effort(read_deployments(path), np.zeros(1, np.int64), ("a",))
    assert effort.operation.tolist() == [[0.5, 1, 0.5]]
    assert covered(effort, -1, 1, 71, 73) == [False, True, True, False]


def test_measure_effort_is_that_of_camtraptor() -> None:
    # Mica Viane on 2019-10-09, https://inbo.github.io/camtraptor: "Camera operation matrix"
    start = np.array(["2019-10-09T11:18:07"], "datetime64[s]")
    nowhere = np.full(1, np.nan)
    end = start + np.timedelta64(3, "D")
    table = Deployments(("mica",), ("mica",), start, end, nowhere, nowhere)
    found = measure_effort(table, np.zeros(1, np.int64), ("mica",)).operation[0]
    assert found.round(7).tolist() == [0.5290856, 1, 1, 0.4709144]
