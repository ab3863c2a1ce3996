"""Where DALI decodes for a prediction, and why it can't."""

from __future__ import annotations

import sys
from typing import NamedTuple

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import UsageError, require_extra
from ctc.hardware import nvidia_gpus

FEATURE = "--decode gpu"
GPU_PROVIDER = "cuda"


class DaliDevice(NamedTuple):
    """Device of DALI's operators: the number of a GPU, or None for the CPU.

    The CPU has the same graph, which shows what it computes without a GPU.
    """

    gpu: int | None = None


def require_gpu_decoding() -> None:
    """Raise CtcError, with the next step, if this machine can't decode on a GPU."""
    if sys.platform != "linux":
        raise UsageError(f"{FEATURE} needs NVIDIA DALI, which runs on Linux only: leave it out")
    require_extra(FEATURE, "dali", ("nvidia", "nvidia.dali"))
    if not nvidia_gpus():
        raise UsageError(
            f"{FEATURE} needs an NVIDIA GPU, and the driver shows none: check nvidia-smi and "
            f"CUDA_VISIBLE_DEVICES, or leave {FEATURE} out"
        )


def decoder_device(provider: str, preprocessing: Preprocessing) -> DaliDevice:
    """Return the device to decode on for a network that runs on `provider`.

    It is the GPU that onnxruntime uses: the first that the driver shows (CUDA_VISIBLE_DEVICES
    chooses). Raises CtcError as `require_gpu_decoding`, if the network runs elsewhere, or if it
    takes several photos at once.
    """
    require_gpu_decoding()
    if preprocessing.is_stacked:
        raise UsageError(
            f"{FEATURE} shows one photo at a time, and this model stacks the photos of an event: "
            f"leave {FEATURE} out"
        )
    if provider != GPU_PROVIDER:
        raise UsageError(
            f"{FEATURE} needs the network on the same GPU, but it runs on '{provider}': "
            f"add --provider {GPU_PROVIDER}, or leave {FEATURE} out"
        )
    return DaliDevice(gpu=0)
