"""Detection of the CPU cores and GPUs of this machine."""

from __future__ import annotations

import ctypes
import os


def usable_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nvidia_gpus() -> int:
    """Return the number of NVIDIA GPUs that the driver shows; 0 without a driver.

    CUDA_VISIBLE_DEVICES limits them.
    """
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
