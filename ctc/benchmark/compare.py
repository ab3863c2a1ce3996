"""Compare contenders, each in its own process.

They take turns, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from ctc.artifacts.dataset_cache import open_dataset
from ctc.benchmark.records import BASELINE, LIMIT, BenchmarkConfig, BenchmarkResult, Measurement
from ctc.errors import CtcError, UsageError, did_you_mean
from ctc.storage.paths import parse_path

GPU_ROW = BenchmarkResult("dali (GPU)", note="not measured: no NVIDIA GPU and driver here")


def compare(
    contenders: Sequence[str],
    config: BenchmarkConfig,
    seconds: float,
    rounds: int,
    on_progress: Callable[[str], None] = lambda _: None,
    with_cold_cache: bool = True,
) -> list[BenchmarkResult]:
    """Measure each contender in `rounds` turns of `seconds`.

    `with_cold_cache`: measure once more right after the files were dropped from the page cache.
    Contenders that can't run here get a note instead of figures. `on_progress` takes messages.
    """
    results: dict[str, BenchmarkResult] = {}
    with ExitStack() as stack:
        workers: dict[str, _WorkerProcess] = {}
        for name in contenders:
            on_progress(f"starting {name}")
            try:
                workers[name] = stack.enter_context(_WorkerProcess(name, config))
            except CtcError as error:
                results[name] = BenchmarkResult(name, note=f"not measured: {error}")
        measurements: dict[str, list[Measurement]] = {name: [] for name in workers}
        for number in range(rounds):
            for name, worker in workers.items():
                on_progress(f"round {number + 1} of {rounds}: {name}")
                measurements[name].append(worker.measure(seconds))
    for name, turns in measurements.items():
        from_disk = (
            _measure_cold(name, config, seconds, on_progress)
            if with_cold_cache and name != LIMIT
            else None
        )
        results[name] = _summary(name, turns, from_disk)
    return add_ratios([results[name] for name in contenders])


def add_ratios(results: Sequence[BenchmarkResult]) -> list[BenchmarkResult]:
    """Return the results with their ratios to the baseline and the limit, where measured."""
    rates = {result.name: result.images_per_second for result in results}

    def ratio(rate: float | None, base: float | None) -> float | None:
        return rate / base if rate and base else None

    return [
        replace(
            result,
            to_tfdata=ratio(result.images_per_second, rates.get(BASELINE)),
            to_limit=ratio(result.images_per_second, rates.get(LIMIT)),
        )
        for result in results
    ]


def check_names(names: Sequence[str], known: Sequence[str]) -> None:
    """Raise UsageError, with the closest name, for an unknown contender."""
    for name in names:
        if name not in known:
            raise UsageError(f"no loader called '{name}'{did_you_mean(name, known)}")


def _summary(
    name: str, measurements: Sequence[Measurement], cold_rate: float | None
) -> BenchmarkResult:
    return BenchmarkResult(
        name,
        images_per_second=median(one.images / one.seconds for one in measurements),
        images_per_second_per_core=median(one.images / one.cpu_seconds for one in measurements),
        cpu_seconds_per_1000_images=median(
            1000 * one.cpu_seconds / one.images for one in measurements
        ),
        images_per_second_cold=cold_rate,
        peak_mb=max(one.peak_mb for one in measurements),
    )


def _measure_cold(
    name: str, config: BenchmarkConfig, seconds: float, on_progress: Callable[[str], None]
) -> float | None:
    """Measure images per second with a cold page cache; None where it can't be dropped."""
    if not hasattr(os, "posix_fadvise"):
        return None
    on_progress(f"cold cache: {name}")
    with _WorkerProcess(name, config) as worker:
        _drop_page_cache(config)
        measurement = worker.measure(seconds)
        return measurement.images / measurement.seconds


def _drop_page_cache(config: BenchmarkConfig) -> None:
    dataset = open_dataset(parse_path(config.dataset), [config.split])
    for shard in dataset.shards(config.split):
        with (dataset.folder / shard.file).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class _WorkerProcess:
    """A contender in its process; raises CtcError when it can't run."""

    def __init__(self, name: str, config: BenchmarkConfig) -> None:
        self._name = name
        command = [sys.executable, "-m", "ctc.benchmark.worker"]
        pipe = subprocess.PIPE
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=self._stderr, text=True
        )
        try:
            answer = self._request({"contender": name, "config": config.to_json()})
            if "failed" in answer:
                raise CtcError(answer["failed"])
        except BaseException:
            self.__exit__()
            raise

    def measure(self, seconds: float) -> Measurement:
        """Measure one turn."""
        return Measurement(**self._request({"seconds": seconds}))

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise CtcError(f"'{self._name}' failed: {self._last_stderr_line()}") from None
        return answer

    def _last_stderr_line(self) -> str:
        """Return the last line that the process wrote to stderr, once it has exited."""
        self._process.wait()
        self._stderr.seek(0)
        return ([line.strip() for line in self._stderr if line.strip()] or ["it printed nothing"])[
            -1
        ]

    def __enter__(self) -> _WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()
