from __future__ import annotations

import pytest

from ctc.training.model.lr_schedule import LearningRateSchedule


def _rates(schedule: LearningRateSchedule, *passed: float) -> list[float]:
    return [schedule.at(1.0, epochs) for epochs in passed]


def test_a_plateau_is_flat():
    assert _rates(LearningRateSchedule("plateau", 10, 0.0, 0.1), 0.1, 5, 10) == [1.0, 1.0, 1.0]


def test_warming_up_is_a_straight_line():
    assert _rates(LearningRateSchedule("plateau", 10, 2.0, 0.1), 0.5, 1, 2, 3) == pytest.approx(
        [0.25, 0.5, 1.0, 1.0]
    )


def test_a_cosine_falls_to_the_lowest_rate():
    assert _rates(LearningRateSchedule("cosine", 10, 0.0, 0.1), 0, 5, 10) == pytest.approx(
        [1.0, 0.55, 0.1]
    )


def test_a_cosine_begins_after_warming_up():
    assert _rates(LearningRateSchedule("cosine", 10, 2.0, 0.0), 1, 2, 6, 10) == pytest.approx(
        [0.5, 1.0, 0.5, 0.0]
    )


def test_a_rate_below_the_lowest_stays():
    assert LearningRateSchedule("cosine", 10, 0.0, 0.5).at(0.1, 10) == pytest.approx(0.1)


def test_warming_up_for_the_whole_time_is_no_division_by_zero():
    assert _rates(LearningRateSchedule("cosine", 2, 2.0, 0.0), 1, 2) == pytest.approx([0.5, 1.0])
