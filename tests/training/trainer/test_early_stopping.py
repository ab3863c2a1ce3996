from __future__ import annotations

import pytest

from ctc.training.trainer.early_stopping import PatienceCounter, ReduceLROnPlateau

pytestmark = pytest.mark.tensorflow


def _rates(
    losses: list[float], patience: int = 2, factor: float = 0.1, lowest: float = 1e-5
) -> list[float]:
    plateau, rate, rates = (
        ReduceLROnPlateau(PatienceCounter(patience, 1e-4), factor, lowest),
        0.01,
        [],
    )
    for loss in losses:
        rate = plateau.next_learning_rate(loss, rate)
        rates.append(round(rate, 9))
    return rates


def test_patience_counter_resets_on_lower_loss():
    counter = PatienceCounter(2)
    assert [counter.update(loss) for loss in (3.0, 2.0, 2.0, 1.0)] == [True, True, False, True]
    assert not counter.is_exhausted


def test_patience_counter_is_exhausted_without_lower_loss():
    counter = PatienceCounter(2)
    for loss in (1.0, 1.0, 1.5):
        counter.update(loss)
    assert counter.is_exhausted


def test_patience_counter_ignores_less_than_min_delta():
    counter = PatienceCounter(2, min_delta=0.1)
    assert [counter.update(loss) for loss in (1.0, 0.95)] == [True, False]


def test_reduce_lr_on_each_plateau():
    assert _rates([1, 1, 1, 1, 1]) == [0.01, 0.01, 0.001, 0.001, 0.0001]


def test_reduce_lr_keeps_rate_while_loss_falls():
    assert _rates([5, 4, 3, 2, 1]) == [0.01] * 5


def test_reduce_lr_has_a_lower_bound():
    assert _rates([1, 1, 1, 1], patience=1, lowest=0.002) == [0.01, 0.002, 0.002, 0.002]


def test_reduce_lr_does_not_raise_rate_below_bound():
    assert _rates([1, 1], patience=1, lowest=0.5) == [0.01, 0.01]
