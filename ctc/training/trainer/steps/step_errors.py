"""Errors of a training step: out of memory, and losses that are not finite."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctc.errors import CtcError
from ctc.training.metrics.metrics import MetricSums

# TensorFlow's ResourceExhaustedError and JAX's error; DALI's, of CUDA's allocations
_OUT_OF_DEVICE_MEMORY = re.compile(
    r"ResourceExhaustedError|RESOURCE_EXHAUSTED|CUDA allocation failed"
    r"|cudaErrorMemoryAllocation|Can't allocate \d+ bytes on device"
)


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

    TensorFlow, JAX or DALI may say so. When this returns, the exception with its frames is gone, so
    the memory that they held is free.
    """
    try:
        work()
    except Exception as error:
        names = " ".join(kind.__name__ for kind in type(error).__mro__)
        if not _OUT_OF_DEVICE_MEMORY.search(f"{names} {error}"):
            raise
        return True
    return False
