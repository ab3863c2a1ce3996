"""Versions, system, processor and memory; nothing that identifies the owner."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from ctc._version import __version__
from ctc.doctor.finding import Finding
from ctc.hardware import usable_cores


def versions() -> Finding:
    """Return the versions of ctc and Python."""
    values = {"ctc": __version__, "python": platform.python_version()}
    return Finding("ctc", "ok", f"{__version__}, Python {values['python']}", values)


def system() -> Finding:
    """Return the operating system, its release and the architecture."""
    release = platform.mac_ver()[0] if sys.platform == "darwin" else platform.release()
    values = {"system": platform.system(), "release": release, "machine": platform.machine()}
    return Finding("system", "ok", " ".join(value for value in values.values() if value), values)


def processor() -> Finding:
    """Return the model of the processor and its number of cores."""
    name, cores, usable = processor_name(), os.cpu_count() or 1, usable_cores()
    values = {"name": name, "cores": cores, "usable_cores": usable}
    return Finding("processor", "ok", f"{name}, {usable} of {cores} cores usable", values)


def memory() -> Finding:
    """Return the memory of the machine, and of the container if that is limited."""
    total, limit = psutil.virtual_memory().total, _container_memory_limit()
    usable = min(total, limit) if limit else total
    text = f"{total / 1e9:.1f} GB" + (
        f", {usable / 1e9:.1f} GB of it for this container" if usable < total else ""
    )
    return Finding("memory", "ok", text, {"bytes": total, "usable_bytes": usable})


def processor_name() -> str:
    """Return the model as the system names it; psutil doesn't."""
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


def _container_memory_limit() -> int | None:
    """Return the memory limit of the cgroup in bytes, None without one; psutil doesn't know it."""
    with suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    return None
