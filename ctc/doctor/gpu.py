"""NVIDIA GPUs that the driver lists, and whether CUDA can use them."""

from __future__ import annotations

import subprocess

from ctc.doctor.finding import Finding

_QUERY = [
    "nvidia-smi",
    "--query-gpu=name,driver_version,memory.total",
    "--format=csv,noheader,nounits",
]
_TIMEOUT = 30


NO_DECODER = (
    "no hardware JPEG decoder, so DALI decodes on the CPU's cores too: libnvcuvid is missing "
    "(in a container set NVIDIA_DRIVER_CAPABILITIES=compute,utility,video)"
)


def check_gpu(usable_count: int, has_decoder: bool) -> Finding:
    """Compare the GPUs of `nvidia-smi` with `usable_count`, the number that CUDA finds.

    `has_decoder`: whether the library of the hardware JPEG decoder was found.
    """
    listed, problem = _list_gpus()
    values = {
        "usable": usable_count,
        "hardware_jpeg_decoder": has_decoder,
        "listed": [dict(zip(("name", "driver", "memory_mb"), row, strict=False)) for row in listed],
    }
    names = "; ".join(f"{name}, {memory} MB, driver {driver}" for name, driver, memory in listed)
    if usable_count:
        text = names or f"{usable_count}, {problem}"
        return Finding("gpu", "ok", text if has_decoder else f"{text}; {NO_DECODER}", values)
    if listed:
        return Finding(
            "gpu",
            "failed",
            f"{names}: CUDA can use none; check the driver and CUDA_VISIBLE_DEVICES",
            values,
        )
    return Finding("gpu", "absent", f"no NVIDIA GPU: {problem}", values)


def _list_gpus() -> tuple[list[list[str]], str]:
    """Return name, driver and memory of each GPU, and the reason if there is none."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except FileNotFoundError:
        return [], "nvidia-smi was not found"
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"nvidia-smi: {error}"
    if done.returncode:
        return [], f"nvidia-smi: {(done.stdout or done.stderr).strip()}"
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]
    return [row for row in rows if len(row) == 3], "nvidia-smi lists none"
