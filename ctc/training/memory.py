"""Running out of memory on the device."""

from __future__ import annotations


def out_of_memory(error: BaseException) -> bool:
    """Whether the backend ran out of memory: TensorFlow's ResourceExhaustedError, or JAX's RESOURCE_EXHAUSTED."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "ResourceExhaustedError" in names or "RESOURCE_EXHAUSTED" in str(error)
