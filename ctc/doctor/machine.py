"""The machine: system, processor, memory. Nothing that tells whose it is."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ctc._version import __version__
from ctc.doctor.finding import Finding


def versions() -> Finding:
    values = {"ctc": __version__, "python": platform.python_version()}
    return Finding("ctc", "ok", f"{__version__}, Python {values['python']}", values)


def system() -> Finding:
    release = platform.mac_ver()[0] if sys.platform == "darwin" else platform.release()
    values = {"system": platform.system(), "release": release, "machine": platform.machine()}
    return Finding("system", "ok", " ".join(value for value in values.values() if value), values)


def processor() -> Finding:
    from ctc.hardware import usable_cores

    values = {
        "name": processor_name(),
        "cores": os.cpu_count() or 1,
        "usable_cores": usable_cores(),
    }
    return Finding(
        "processor",
        "ok",
        f"{values['name']}, {values['usable_cores']} of {values['cores']} cores usable",
        values,
    )


def memory() -> Finding:
    total, limit = total_memory(), _container_memory_limit()
    usable = min(total, limit) if limit else total
    text = f"{total / 1e9:.1f} GB" + (
        f", {usable / 1e9:.1f} GB of it for this container" if usable < total else ""
    )
    return Finding("memory", "ok", text, {"bytes": total, "usable_bytes": usable})


def processor_name() -> str:
    """The model, as the system calls it."""
    if sys.platform == "linux":
        with suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError):
            return subprocess.run(
                command, capture_output=True, text=True, check=False
            ).stdout.strip()
    return platform.processor() or platform.machine()


def total_memory() -> int:
    """In bytes."""
    if sys.platform == "win32":
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class _MemoryStatus(ctypes.Structure):
    """https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-memorystatusex"""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        *(
            (name, ctypes.c_uint64)
            for name in ("free", "page", "free_page", "virtual", "free_virtual", "extended")
        ),
    )


def _container_memory_limit() -> int | None:
    """What the container may use at most, where it is limited."""
    with suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    return None
