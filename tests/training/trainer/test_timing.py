from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from ctc.plugin import Batch
from ctc.training.metrics.metrics import MetricSums
from ctc.training.trainer.timing import step_timer, timed

pytestmark = pytest.mark.tensorflow

BATCH = Batch(np.zeros((1, 1, 1, 3), np.uint8), {})
PAUSE = 0.02


def _slow_loader() -> Iterator[Batch]:
    for _ in range(2):
        time.sleep(PAUSE)
        yield BATCH


def test_timed_counts_waiting_for_batches_only():
    totals = MetricSums()
    for _ in timed(_slow_loader(), totals):
        before = (totals.data_wait, totals.seconds)
        time.sleep(PAUSE)
        assert (totals.data_wait, totals.seconds) == before
    assert totals.data_wait == totals.seconds
    assert totals.data_wait >= 2 * PAUSE


def test_step_timer_counts_the_step_as_no_wait():
    totals = MetricSums()
    with step_timer(totals):
        time.sleep(PAUSE)
    assert totals.seconds >= PAUSE
    assert totals.data_wait == 0
