"""One contender in its own process: `python -m ctc.benchmark.worker`.

It is controlled by lines of JSON on stdin and answers on stdout. The first request is
{"contender", "config"}, answered by {"ready": seconds to the first batch} or {"failed": reason};
each further one is {"seconds": s}, answered by a measurement. It exits at the end of stdin.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import cv2
import psutil

from ctc.artifacts.dataset_cache import open_dataset
from ctc.benchmark.contenders import open_stream, unavailable_reason
from ctc.benchmark.records import BenchmarkConfig, Measurement
from ctc.errors import CtcError
from ctc.storage.paths import parse_path

_WARM_UP_BATCHES = 8


def serve(requests: Iterator[str], responses: TextIO) -> None:
    """Answer every request."""

    def respond(values: dict[str, Any]) -> None:
        print(json.dumps(values), file=responses, flush=True)

    first = json.loads(next(requests))
    start = time.perf_counter()
    try:
        stream = _open(first["contender"], BenchmarkConfig(**first["config"]))
        next(stream)
    except CtcError as error:
        respond({"failed": str(error)})
        return
    respond({"ready": time.perf_counter() - start})
    for request in requests:
        respond(asdict(measure(stream, json.loads(request)["seconds"])))


def measure(stream: Iterator[int], seconds: float) -> Measurement:
    """Take batches for `seconds`, after those that were prefetched before."""
    for _ in range(_WARM_UP_BATCHES):
        next(stream)
    start, cpu, images = time.perf_counter(), cpu_seconds(), 0
    while time.perf_counter() - start < seconds:
        images += next(stream)
    return Measurement(images, time.perf_counter() - start, cpu_seconds() - cpu, peak_mb())


def cpu_seconds() -> float:
    """Return the processor time so far of this process and its children."""
    children: list[Any] = psutil.Process().children()
    times = [child.cpu_times() for child in children]
    return time.process_time() + float(sum(one.user + one.system for one in times))


def peak_mb() -> float:
    """Return the sum of the peak memory of this process and, on Linux, of its children."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return own + sum(_child_peak_mb(child.pid) for child in psutil.Process().children())


def _open(contender: str, config: BenchmarkConfig) -> Iterator[int]:
    if reason := unavailable_reason(contender):
        raise CtcError(reason)
    dataset = open_dataset(parse_path(config.dataset), [config.split])
    return open_stream(contender, dataset, config)


def _child_peak_mb(pid: int) -> float:
    """Return VmHWM, which psutil doesn't have; 0 where there is no /proc."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    cv2.setNumThreads(1)
    serve(sys.stdin, sys.stdout)
