"""One subject in its own process: python -m ctc.benchmark.worker, spoken to in lines of JSON on
stdin and stdout.

First comes {"subject", "setting"}, answered by {"ready": seconds to the first batch} or {"failed":
why}. Then each {"seconds": s} is answered by a lap. The end of stdin ends it."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import cv2

from ctc.artifacts.dataset_cache import open_dataset
from ctc.benchmark.contenders import open_stream, unavailable_reason
from ctc.benchmark.records import BenchmarkConfig, Measurement
from ctc.errors import CtcError
from ctc.storage.paths import parse_path

_WARM_UP_BATCHES = 8


def serve(requests: Iterator[str], responses: TextIO) -> None:
    """Answer every request."""

    def answer(values: dict[str, Any]) -> None:
        print(json.dumps(values), file=responses, flush=True)

    order = json.loads(next(requests))
    start = time.perf_counter()
    try:
        reason = unavailable_reason(order["subject"])
        if reason:
            raise CtcError(reason)
        setting = BenchmarkConfig(**order["setting"])
        stream = open_stream(
            order["subject"], open_dataset(parse_path(setting.dataset), [setting.split]), setting
        )
        next(stream)
    except CtcError as error:
        answer({"failed": str(error)})
        return
    answer({"ready": time.perf_counter() - start})
    for request in requests:
        answer(asdict(measure(stream, json.loads(request)["seconds"])))


def measure(stream: Iterator[int], seconds: float) -> Measurement:
    """Take batches for that long, after some that were prepared while nobody measured."""
    for _ in range(_WARM_UP_BATCHES):
        next(stream)
    start, cpu, images = time.perf_counter(), cpu_seconds(), 0
    while time.perf_counter() - start < seconds:
        images += next(stream)
    return Measurement(images, time.perf_counter() - start, cpu_seconds() - cpu, peak_mb())


def cpu_seconds() -> float:
    """Processor time so far of this process and, where /proc tells, of its children."""
    return time.process_time() + sum(_process_cpu_seconds(child) for child in _children())


def peak_mb() -> float:
    """The most memory that this process and its children have held, each at its own time."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return own + sum(_process_peak_mb(child) for child in _children())


def _children() -> list[Path]:
    folder = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return (
        [Path("/proc") / number for number in folder.read_text().split()] if folder.exists() else []
    )


def _process_cpu_seconds(process: Path) -> float:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _process_peak_mb(process: Path) -> float:
    for line in (process / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    cv2.setNumThreads(1)
    serve(sys.stdin, sys.stdout)
