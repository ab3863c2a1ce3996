"""Device of DALI: an NVIDIA GPU when there is one, else the CPU."""

from __future__ import annotations

import importlib.util
import sys
from typing import NamedTuple

from ctc.hardware import nvidia_gpus


class DaliDevice(NamedTuple):
    """Device and choice of operators.

    `gpu` is the number of the GPU, or None for the CPU. `is_portable` restricts the pipeline to
    operators that GPUs have too, instead of the CPU's faster ones; it is always true on a GPU.
    """

    gpu: int | None = None
    is_portable: bool = False


def available() -> str | None:
    """Return None, or the reason why DALI can't run here."""
    if sys.platform != "linux":
        return "NVIDIA DALI runs on Linux only"
    if (
        importlib.util.find_spec("nvidia") is None
        or importlib.util.find_spec("nvidia.dali") is None
    ):
        return "NVIDIA DALI is not installed: pip install 'camera-trap-classifier[dali]'"
    return None


def default_device() -> DaliDevice:
    """Return the first GPU that the driver shows (CUDA_VISIBLE_DEVICES chooses), or the CPU."""
    return DaliDevice(gpu=0, is_portable=True) if nvidia_gpus() else DaliDevice()
