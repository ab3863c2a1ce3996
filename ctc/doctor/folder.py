"""Free space and write speed of a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from ctc.doctor.finding import Finding

BLOCK_BYTES = 4 * 2**20
BLOCKS = 16
MAX_SECONDS = 3.0
"""Upper limit of the measurement, for slow disks."""


def check_folder(path: Path) -> Finding:
    """Measure by writing an unnamed temporary file; raises OSError when it can't be written."""
    free = shutil.disk_usage(path).free
    if free < 2 * BLOCK_BYTES * BLOCKS:
        return Finding("folder", "failed", f"only {free / 1e6:,.0f} MB free", {"free_bytes": free})
    speed = _write_speed(path)
    text = f"writes {speed / 1e6:,.0f} MB/s, {free / 1e9:,.1f} GB free"
    return Finding("folder", "ok", text, {"bytes_per_second": round(speed), "free_bytes": free})


def _write_speed(path: Path) -> float:
    """Return bytes per second, synced to disk; random, since some file systems compress."""
    block = os.urandom(BLOCK_BYTES)
    written, start = 0, time.perf_counter()
    with tempfile.TemporaryFile(dir=path) as file:
        while written < BLOCKS * BLOCK_BYTES and time.perf_counter() - start < MAX_SECONDS:
            written += file.write(block)
            file.flush()
            os.fsync(file.fileno())
    return written / (time.perf_counter() - start)
