"""A folder to write to: how much fits in, and how fast."""

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
"""After which a slow disk has shown how slow it is."""


def check_folder(path: Path) -> Finding:
    """Writes a temporary file without a name, which is gone whatever happens. Raises OSError where
    that can't be done."""
    free = shutil.disk_usage(path).free
    if free < 2 * BLOCK_BYTES * BLOCKS:
        return Finding("folder", "failed", f"only {free / 1e6:,.0f} MB free", {"free_bytes": free})
    speed = _write_speed(path)
    text = f"writes {speed / 1e6:,.0f} MB/s, {free / 1e9:,.1f} GB free"
    return Finding("folder", "ok", text, {"bytes_per_second": round(speed), "free_bytes": free})


def _write_speed(path: Path) -> float:
    """Bytes per second, until they are on the disk. Random bytes, since some file systems
    squeeze."""
    block = os.urandom(BLOCK_BYTES)
    written, start = 0, time.perf_counter()
    with tempfile.TemporaryFile(dir=path) as file:
        while written < BLOCKS * BLOCK_BYTES and time.perf_counter() - start < MAX_SECONDS:
            written += file.write(block)
            file.flush()
            os.fsync(file.fileno())
    return written / (time.perf_counter() - start)
