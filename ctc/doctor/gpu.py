"""NVIDIA GPUs: what the driver says, and whether CUDA can use them."""

from __future__ import annotations

import subprocess

from ctc.doctor.finding import Finding

_QUERY = [
    "nvidia-smi",
    "--query-gpu=name,driver_version,memory.total",
    "--format=csv,noheader,nounits",
]
_TIMEOUT = 30


def check_gpu(usable_count: int) -> Finding:
    """`usable_count`: how many CUDA finds."""
    listed, why_not = _list_gpus()
    values = {
        "usable": usable_count,
        "listed": [dict(zip(("name", "driver", "memory_mb"), row, strict=False)) for row in listed],
    }
    names = "; ".join(f"{name}, {memory} MB, driver {driver}" for name, driver, memory in listed)
    if usable_count:
        return Finding("gpu", "ok", names or f"{usable_count}, {why_not}", values)
    if listed:
        return Finding(
            "gpu",
            "failed",
            f"{names}: but CUDA can use none; look at the driver and CUDA_VISIBLE_DEVICES",
            values,
        )
    return Finding("gpu", "absent", f"no NVIDIA GPU: {why_not}", values)


def _list_gpus() -> tuple[list[list[str]], str]:
    """Name, driver and memory of each; and why there are none."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except FileNotFoundError:
        return [], "nvidia-smi is not there"
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"nvidia-smi: {error}"
    if done.returncode:
        return [], f"nvidia-smi: {(done.stdout or done.stderr).strip()}"
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]
    return [row for row in rows if len(row) == 3], "nvidia-smi lists none"
