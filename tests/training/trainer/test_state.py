from __future__ import annotations

import pytest

from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics
from ctc.training.trainer.state import TrainState

pytestmark = pytest.mark.tensorflow


def _state(**options: object) -> TrainState:
    config = TrainingConfig("d", "r", "small_cnn", ("species",), **options)  # type: ignore[arg-type]
    return TrainState.initial(config, 0.01, 1)


def _train_until_stopped(state: TrainState, losses: list[float]) -> list[float]:
    """Return the learning rate after each epoch until early stopping applies."""
    rates = []
    for index, loss in enumerate(losses):
        state.end_epoch(Epoch(index, 0.01, SplitMetrics(loss, {}, 1, 1.0, 0.0), None))
        rates.append(round(state.base_lr, 9))
        if state.is_finished(len(losses)):
            break
    return rates


def test_early_stopping_gives_each_lower_rate_its_patience():
    state = _state(early_stopping_patience=3, reduce_lr_patience=2, min_learning_rate=1e-3)
    rates = _train_until_stopped(state, [1.0] * 20)
    assert rates == [0.01, 0.01, 0.001, 0.001, 0.001, 0.001]


def test_early_stopping_with_same_patience_as_plateau_reduces_rate_first():
    state = _state(early_stopping_patience=2, reduce_lr_patience=2, min_learning_rate=1e-3)
    assert _train_until_stopped(state, [1.0] * 20) == [0.01, 0.01, 0.001, 0.001, 0.001]


def test_early_stopping_without_plateau_has_one_patience():
    state = _state(early_stopping_patience=3, schedule="cosine")
    assert len(_train_until_stopped(state, [1.0] * 20)) == 4


def test_restore_with_another_learning_rate_begins_patience_again():
    ended = _state(early_stopping_patience=2, schedule="cosine")
    _train_until_stopped(ended, [1.0] * 5)
    config = TrainingConfig(
        "d", "r", "small_cnn", ("species",), early_stopping_patience=2, schedule="cosine"
    )
    for rate, finished in ((0.01, True), (0.001, False)):
        state = TrainState.initial(config, rate, 1)
        state.restore(ended.to_json())
        assert state.is_finished(5) is finished
