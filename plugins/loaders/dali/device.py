"""Where DALI works: on an NVIDIA GPU when there is one, else on the CPU."""

from __future__ import annotations

import importlib.util
import sys
from typing import NamedTuple

from ctc.hardware import nvidia_gpus


class DaliDevice(NamedTuple):
    """`gpu`: the number of the GPU, or None for the CPU. `is_portable`: only with operators that
    GPUs have too, in place of the CPU's faster ways; always so on a GPU."""

    gpu: int | None = None
    is_portable: bool = False


def available() -> str | None:
    """None, or why DALI can't run here."""
    if sys.platform != "linux":
        return "NVIDIA DALI runs on Linux only"
    if (
        importlib.util.find_spec("nvidia") is None
        or importlib.util.find_spec("nvidia.dali") is None
    ):
        return "NVIDIA DALI is not installed: pip install 'camera-trap-classifier[dali]'"
    return None


def default_device() -> DaliDevice:
    """The first GPU that the driver shows (CUDA_VISIBLE_DEVICES chooses), or the CPU."""
    return DaliDevice(gpu=0, is_portable=True) if nvidia_gpus() else DaliDevice()
