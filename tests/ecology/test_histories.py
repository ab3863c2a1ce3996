"""Detection histories by hand."""

from __future__ import annotations

import numpy as np

from ctc.ecology.effort import Effort
from ctc.ecology.histories import detection_history, divide, occasion_of

NAN = float("nan")
DAYS = np.datetime64("2024-04-01") + np.arange(5)
EFFORT = Effort(("a", "b"), DAYS, np.array([[0.5, 1, 1, 1, 0.5], [NAN, NAN, 0, 1, NAN]]), ((), ()))


def test_divide_sums_effort() -> None:
    found = divide(EFFORT, 2)
    np.testing.assert_array_equal(found.effort, [[1.5, 2, 0.5], [NAN, 1, NAN]])


def test_divide_begins_with_the_survey() -> None:
    assert divide(EFFORT, 2).starts.astype(str).tolist() == [
        "2024-04-01",
        "2024-04-03",
        "2024-04-05",
    ]


def test_occasion_of_records() -> None:
    times = np.array(["2024-04-01T23:59:59", "2024-04-03T00:00:00"], "datetime64[s]")
    assert occasion_of(divide(EFFORT, 2), times.astype(int)).tolist() == [0, 1]


def test_detection_history_is_unknown_without_effort() -> None:
    found = detection_history(divide(EFFORT, 2), np.array([0, 1, 0]), np.array([1, 1, 1]))
    np.testing.assert_array_equal(found, [[0, 1, 0], [NAN, 1, NAN]])
