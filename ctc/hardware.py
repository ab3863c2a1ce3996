"""What this machine has to compute with."""

from __future__ import annotations

import ctypes
import os


def usable_cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nvidia_gpus() -> int:
    """How many NVIDIA GPUs the driver shows (CUDA_VISIBLE_DEVICES chooses); 0 without a driver."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
