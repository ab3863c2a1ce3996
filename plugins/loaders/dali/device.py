"""Device of DALI: the NVIDIA GPU that Keras computes on, else the CPU."""

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
    """Return the first GPU that the driver shows (CUDA_VISIBLE_DEVICES chooses), or the CPU.

    It is the CPU as well if the backend of Keras can't use the GPU, and so could not take images
    that are there. Without Keras images come back to the host.
    """
    if nvidia_gpus() and _keras_takes_gpu_images():
        return DaliDevice(gpu=0, is_portable=True)
    return DaliDevice()


def _keras_takes_gpu_images() -> bool:
    if importlib.util.find_spec("keras") is None:
        return True
    import keras

    names = keras.distribution.list_devices()
    return any(name.startswith(("gpu", "cuda")) for name in names)
