"""Subjects side by side: every one in a process of its own, all taking turns, so that a busy
machine slows all alike."""

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
    """Measure each subject in `rounds` laps of `seconds`, and `cold_rate` once more after its files
    were dropped from memory; those that can't run here get a note instead of figures."""
    results: dict[str, BenchmarkResult] = {}
    with ExitStack() as stack:
        workers: dict[str, _WorkerProcess] = {}
        for name in contenders:
            on_progress(f"starting {name}")
            try:
                workers[name] = stack.enter_context(_WorkerProcess(name, config))
            except CtcError as error:
                results[name] = BenchmarkResult(name, note=f"not measured: {error}")
        laps: dict[str, list[Measurement]] = {name: [] for name in workers}
        for number in range(rounds):
            for name, worker in workers.items():
                on_progress(f"round {number + 1} of {rounds}: {name}")
                laps[name].append(worker.measure(seconds))
    for name, taken in laps.items():
        from_disk = (
            _measure_cold(name, config, seconds, on_progress)
            if with_cold_cache and name != LIMIT
            else None
        )
        results[name] = _summary(name, taken, from_disk)
    return add_ratios([results[name] for name in contenders])


def add_ratios(results: Sequence[BenchmarkResult]) -> list[BenchmarkResult]:
    """The same with the ratios to the baseline and to the limit, where those were measured."""
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
    """Raise UsageError, with the nearest name, for a subject that isn't known."""
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is nothing called '{name}' to measure{did_you_mean(name, known)}"
            )


def _summary(
    name: str, measurements: Sequence[Measurement], cold_rate: float | None
) -> BenchmarkResult:
    return BenchmarkResult(
        name,
        images_per_second=median(lap.images / lap.seconds for lap in measurements),
        images_per_second_per_core=median(lap.images / lap.cpu_seconds for lap in measurements),
        cpu_seconds_per_1000_images=median(
            1000 * lap.cpu_seconds / lap.images for lap in measurements
        ),
        images_per_second_cold=cold_rate,
        peak_mb=max(lap.peak_mb for lap in measurements),
    )


def _measure_cold(
    name: str, config: BenchmarkConfig, seconds: float, on_progress: Callable[[str], None]
) -> float | None:
    """Images per second right after the files were dropped from the system's memory; None where
    that can't be done."""
    if not hasattr(os, "posix_fadvise"):
        return None
    on_progress(f"from a cold disk: {name}")
    with _WorkerProcess(name, config) as worker:
        _drop_page_cache(config)
        lap = worker.measure(seconds)
        return lap.images / lap.seconds


def _drop_page_cache(config: BenchmarkConfig) -> None:
    dataset = open_dataset(parse_path(config.dataset), [config.split])
    for shard in dataset.shards(config.split):
        with (dataset.folder / shard.file).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class _WorkerProcess:
    """A subject in its process; raises CtcError when it can't run."""

    def __init__(self, name: str, config: BenchmarkConfig) -> None:
        self._name = name
        command = [sys.executable, "-m", "ctc.benchmark.worker"]
        pipe = subprocess.PIPE
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=self._stderr, text=True
        )
        try:
            answer = self._request({"subject": name, "setting": config.to_json()})
            if "failed" in answer:
                raise CtcError(answer["failed"])
        except BaseException:
            self.__exit__()
            raise

    def measure(self, seconds: float) -> Measurement:
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
        """The last line that the process wrote to stderr."""
        self._process.wait()
        self._stderr.seek(0)
        return ([line.strip() for line in self._stderr if line.strip()] or ["it said nothing"])[-1]

    def __enter__(self) -> _WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()
