from __future__ import annotations

from ctc.training.trainer.early_stopping import PatienceCounter, ReduceLROnPlateau


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


def test_falling_losses_are_waited_for():
    patience = PatienceCounter(2)
    assert [patience.update(loss) for loss in (3.0, 2.0, 2.0, 1.0)] == [True, True, False, True]
    assert not patience.is_exhausted


def test_patience_ends():
    patience = PatienceCounter(2)
    for loss in (1.0, 1.0, 1.5):
        patience.update(loss)
    assert patience.is_exhausted


def test_a_tiny_fall_is_none():
    patience = PatienceCounter(2, min_delta=0.1)
    assert [patience.update(loss) for loss in (1.0, 0.95)] == [True, False]


def test_the_rate_falls_on_a_plateau_and_again_on_the_next():
    assert _rates([1, 1, 1, 1, 1]) == [0.01, 0.01, 0.001, 0.001, 0.0001]


def test_the_rate_stays_while_the_loss_falls():
    assert _rates([5, 4, 3, 2, 1]) == [0.01] * 5


def test_the_rate_has_a_floor():
    assert _rates([1, 1, 1, 1], patience=1, lowest=0.002) == [0.01, 0.002, 0.002, 0.002]


def test_a_rate_below_the_floor_is_not_raised():
    assert _rates([1, 1], patience=1, lowest=0.5) == [0.01, 0.01]
