"""Running out of memory on the device."""

from __future__ import annotations

from collections.abc import Callable


def lacks_memory(work: Callable[[], None]) -> bool:
    """Do `work`; whether it failed for want of memory on the device: TensorFlow's ResourceExhaustedError, or JAX's RESOURCE_EXHAUSTED.

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
