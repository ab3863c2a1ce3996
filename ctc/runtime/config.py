"""Runtime settings of a network: execution provider, precision, batch size and threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProviderName = Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"]
Precision = Literal["float32", "tf32", "bfloat16"]
"""What float32 networks are computed in; tf32: float32 with the 10-bit mantissa of float16.

A network that was exported in float16 or int8 computes in these whatever is chosen.
"""


@dataclass(frozen=True)
class RuntimeConfig:
    """How a network is run.

    `provider`: execution provider; `auto` is the first that is installed and starts. `precision`:
    what the network computes in. `batch_size`: network inputs per call; None: measured, see
    `choose_batch_size`. `threads`: CPU cores to use, which is also the number of batches that may
    be in the network at the same time.
    """

    provider: ProviderName = "auto"
    precision: Precision = "float32"
    batch_size: int | None = None
    threads: int = 1


DEFAULT_RUNTIME = RuntimeConfig()
