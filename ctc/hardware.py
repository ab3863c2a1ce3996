"""Detection of the CPU cores and GPUs of this machine."""

from __future__ import annotations

import ctypes
import math
import os
from pathlib import Path


def usable_cores() -> int:
    """Return the number of CPU cores that this process may use.

    It is limited by the process's CPU affinity and, on Linux, by the CPU quota of its control
    groups, which containers and Kubernetes set; a quota of 1.5 cores counts as 2.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0))
    quota = cpu_quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cpu_quota(cgroups: Path | None = None, own_cgroups: Path | None = None) -> float | None:
    """Return the smallest CPU quota, in cores, of this process's control group and those above it.

    None without a quota, or where the system has no control groups. `cgroups`: where they are
    mounted, by default /sys/fs/cgroup; `own_cgroups`: the list of those of this process. Formats:
    https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`) and
    https://docs.kernel.org/scheduler/sched-bwc.html (`cpu.cfs_quota_us`).
    """
    cgroups = cgroups or Path("/sys/fs/cgroup")
    own_cgroups = own_cgroups or Path("/proc/self/cgroup")
    try:
        lines = own_cgroups.read_text().splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = cgroups / controllers if controllers else cgroups
        folder = mount / path.lstrip("/")
        # in a container the path may be the host's: then the group itself is at the mount
        for group in (folder, *folder.parents):
            quotas.append(_read_quota(group))
            if group == mount:
                break
    known = [quota for quota in quotas if quota is not None]
    return min(known, default=None)


def _read_quota(group: Path) -> float | None:
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text().strip()
            period = (group / "cpu.cfs_period_us").read_text().strip()
        cores = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):  # no file, or "max"
        return None
    return cores if cores > 0 else None


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


def has_hardware_jpeg_decoder() -> bool:
    """Return whether the driver's video library, which the hardware JPEG decoder needs, is here.

    Containers get it only if NVIDIA_DRIVER_CAPABILITIES contains `video`; without it, NVIDIA DALI
    decodes with CUDA kernels and the CPU.
    """
    try:
        ctypes.CDLL("nvcuvid.dll" if hasattr(ctypes, "WinDLL") else "libnvcuvid.so.1")
    except OSError:
        return False
    return True
