"""Errors of a training step: out of memory, and losses that are not finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctc.errors import CtcError
from ctc.training.metrics.metrics import MetricSums


class NotANumberError(CtcError):
    """The loss, or a weight, is not finite."""


def check_finite(totals: MetricSums) -> None:
    """Raise NotANumberError if the loss of a label is not finite."""
    for label, sums in totals.sums.items():
        if not math.isfinite(sums["loss"]):
            raise NotANumberError(f"the loss of '{label}' is not a number")


@contextmanager
def explain_memory_error() -> Iterator[None]:
    """Turn a MemoryError, which Python and C++ libraries raise, into a CtcError."""
    try:
        yield
    except MemoryError:
        raise CtcError(
            "out of memory: close other programs, add --accumulate 4, or choose smaller --height "
            "and --width or another --backbone"
        ) from None


def raised_out_of_memory(work: Callable[[], None]) -> bool:
    """Call `work`; return whether it failed because the memory of the device was exhausted.

    That is TensorFlow's ResourceExhaustedError, or JAX's RESOURCE_EXHAUSTED. When this returns, the
    exception with its frames is gone, so the memory that they held is free.
    """
    try:
        work()
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        if "ResourceExhaustedError" not in names and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return True
    return False
