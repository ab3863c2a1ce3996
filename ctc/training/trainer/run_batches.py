"""Run the batches of a split through a step function, and notice NaN losses and out-of-memory
errors."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator

from ctc.errors import CtcError
from ctc.plugin import Batch
from ctc.training.metrics.metrics import MetricSums


def raised_out_of_memory(work: Callable[[], None]) -> bool:
    """Do `work`; whether it failed for want of memory on the device: TensorFlow's
    ResourceExhaustedError, or JAX's RESOURCE_EXHAUSTED.

    What it held is free afterwards.
    """
    try:
        work()
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        if "ResourceExhaustedError" not in names and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return True
    return False


StepFn = Callable[[Batch, MetricSums], None]


class NotANumberError(CtcError):
    """The loss, or a weight, overflowed."""


def run_batches(batches: Iterable[Batch], step_fn: StepFn, totals: MetricSums) -> Iterator[int]:
    """Let `step_fn` take each batch and add to `totals`; yield the number of its photos after each.

    Raises NotANumberError at the first loss that isn't finite.
    """
    waiting = iter(batches)
    while True:
        asked = time.perf_counter()
        batch = next(waiting, None)
        came = time.perf_counter()
        if batch is None:
            return
        step_fn(batch, totals)
        totals.waited += came - asked
        totals.seconds += time.perf_counter() - asked
        _check_finite(totals)
        yield len(batch.images)


def _check_finite(totals: MetricSums) -> None:
    for label, sums in totals.sums.items():
        if not math.isfinite(sums["loss"]):
            raise NotANumberError(f"the loss of '{label}' is not a number")
