from __future__ import annotations

import pytest

from ctc.training.model.lr_schedule import LearningRateSchedule

pytestmark = pytest.mark.tensorflow


def _rates(schedule: LearningRateSchedule, *epochs_done: float) -> list[float]:
    return [schedule.at(1.0, epochs) for epochs in epochs_done]


def test_plateau_schedule_is_constant():
    assert _rates(LearningRateSchedule("plateau", 10, 0.0, 0.1), 0.1, 5, 10) == [1.0, 1.0, 1.0]


def test_warmup_is_linear():
    assert _rates(LearningRateSchedule("plateau", 10, 2.0, 0.1), 0.5, 1, 2, 3) == pytest.approx(
        [0.25, 0.5, 1.0, 1.0]
    )


def test_cosine_schedule_ends_at_minimum():
    assert _rates(LearningRateSchedule("cosine", 10, 0.0, 0.1), 0, 5, 10) == pytest.approx(
        [1.0, 0.55, 0.1]
    )


def test_cosine_schedule_starts_after_warmup():
    assert _rates(LearningRateSchedule("cosine", 10, 2.0, 0.0), 1, 2, 6, 10) == pytest.approx(
        [0.5, 1.0, 0.5, 0.0]
    )


def test_cosine_schedule_keeps_rate_below_minimum():
    assert LearningRateSchedule("cosine", 10, 0.0, 0.5).at(0.1, 10) == pytest.approx(0.1)


def test_warmup_for_all_epochs_does_not_divide_by_zero():
    assert _rates(LearningRateSchedule("cosine", 2, 2.0, 0.0), 1, 2) == pytest.approx([0.5, 1.0])
