"""Data-wait accounting: how long a pass waits for the loader, and how long its steps take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ctc.plugin import Batch
from ctc.training.metrics.metrics import MetricSums


def timed(batches: Iterable[Batch], totals: MetricSums) -> Iterator[Batch]:
    """Yield the batches; add the time spent waiting for each of them to `totals`."""
    iterator = iter(batches)
    while True:
        started = time.perf_counter()
        batch = next(iterator, None)
        if batch is None:
            return
        waited = time.perf_counter() - started
        totals.data_wait += waited
        totals.seconds += waited
        yield batch


@contextmanager
def step_timer(totals: MetricSums) -> Iterator[None]:
    """Add the time that the block takes to `totals`."""
    started = time.perf_counter()
    yield
    totals.seconds += time.perf_counter() - started
