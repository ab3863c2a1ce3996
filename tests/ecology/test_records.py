"""Independent records, against a loop over the records, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_world import many

from ctc.ecology.records import group_maximum, independent, independent_sorted

STREAMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), max_size=40)


def slow(records: list[tuple[int, int]], gap: int, rule: str) -> list[bool]:
    """Go through the records in time order, with the time that counts for each group."""
    order = sorted(range(len(records)), key=lambda at: (records[at][1], at))
    since: dict[int, int] = {}
    kept = [False] * len(records)
    for at in order:
        group, time = records[at]
        kept[at] = group not in since or time - since[group] >= gap
        if kept[at] or rule == "last-record":
            since[group] = time
    return kept


@pytest.mark.parametrize("rule", ["last-record", "last-independent"])
@many(500)
@given(records=STREAMS, gap=st.integers(0, 25))
def test_independent_is_what_a_loop_finds(rule, records, gap) -> None:
    group = np.array([one for one, _ in records], np.int64)
    time = np.array([one for _, one in records], np.int64)
    assert independent(group, time, gap, rule).tolist() == slow(records, gap, rule)


def minutes(*values: int) -> np.ndarray:
    return np.array(values, np.int64) * 60


def test_independent_since_the_last_record() -> None:
    time = minutes(0, 20, 40, 60, 95)
    found = independent(np.zeros(5, np.int64), time, 1800, "last-record")
    assert found.tolist() == [True, False, False, False, True]


def test_independent_since_the_last_independent_record() -> None:
    time = minutes(0, 20, 40, 60, 95)
    found = independent(np.zeros(5, np.int64), time, 1800, "last-independent")
    assert found.tolist() == [True, False, True, False, True]


def test_independent_exactly_at_the_limit() -> None:
    found = independent(np.zeros(2, np.int64), minutes(0, 30), 1800, "last-record")
    assert found.tolist() == [True, True]


def test_independent_of_no_record() -> None:
    none = np.zeros(0, np.int64)
    assert independent(none, none, 1800, "last-independent").tolist() == []


def test_independent_keeps_the_order_of_the_input() -> None:
    found = independent(np.array([1, 0, 1]), minutes(10, 0, 0), 1800, "last-record")
    assert found.tolist() == [False, True, True]


def test_group_maximum_is_that_until_the_next_record() -> None:
    kept = independent_sorted(np.zeros(4, np.int64), minutes(0, 5, 60, 70), 1800, "last-record")
    assert group_maximum(kept, np.array([1, 4, 2, 1])).tolist() == [4, 2]
