"""Subjects side by side: every one in a process of its own, all taking turns, so that a busy machine slows all alike."""

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

from ctc.artifacts.dataset import Dataset
from ctc.benchmark.records import BASELINE, LIMIT, Lap, Result, Setting
from ctc.errors import CtcError, UsageError, did_you_mean
from ctc.storage.paths import place

GPU_ROW = Result("dali (GPU)", note="not measured: no NVIDIA GPU and driver here")


def compare(
    subjects: Sequence[str],
    setting: Setting,
    seconds: float,
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
    cold: bool = True,
) -> list[Result]:
    """Measure each subject in `rounds` laps of `seconds`, and `cold` once more after its files were dropped from memory; those that can't
    run here get a note instead of figures."""
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        workers: dict[str, _Worker] = {}
        for name in subjects:
            tell(f"starting {name}")
            try:
                workers[name] = stack.enter_context(_Worker(name, setting))
            except CtcError as error:
                results[name] = Result(name, note=f"not measured: {error}")
        laps: dict[str, list[Lap]] = {name: [] for name in workers}
        for number in range(rounds):
            for name, worker in workers.items():
                tell(f"round {number + 1} of {rounds}: {name}")
                laps[name].append(worker.lap(seconds))
    for name, taken in laps.items():
        from_disk = _cold(name, setting, seconds, tell) if cold and name != LIMIT else None
        results[name] = _summary(name, taken, from_disk)
    return with_ratios([results[name] for name in subjects])


def with_ratios(results: Sequence[Result]) -> list[Result]:
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


def check_names(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise UsageError, with the nearest name, for a subject that isn't known."""
    for name in wanted:
        if name not in known:
            raise UsageError(f"there is nothing called '{name}' to measure{did_you_mean(name, known)}")


def _summary(name: str, laps: Sequence[Lap], cold: float | None) -> Result:
    return Result(
        name,
        images_per_second=median(lap.images / lap.seconds for lap in laps),
        images_per_second_per_core=median(lap.images / lap.cpu_seconds for lap in laps),
        cpu_seconds_per_1000_images=median(1000 * lap.cpu_seconds / lap.images for lap in laps),
        images_per_second_cold=cold,
        peak_mb=max(lap.peak_mb for lap in laps),
    )


def _cold(name: str, setting: Setting, seconds: float, tell: Callable[[str], None]) -> float | None:
    """Images per second right after the files were dropped from the system's memory; None where that can't be done."""
    if not hasattr(os, "posix_fadvise"):
        return None
    tell(f"from a cold disk: {name}")
    with _Worker(name, setting) as worker:
        _forget(setting)
        lap = worker.lap(seconds)
        return lap.images / lap.seconds


def _forget(setting: Setting) -> None:
    dataset = Dataset.open(place(setting.dataset), [setting.split])
    for shard in dataset.shards(setting.split):
        with (dataset.folder / shard.file).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class _Worker:
    """A subject in its process; raises CtcError when it can't run."""

    def __init__(self, name: str, setting: Setting) -> None:
        self._name = name
        command = [sys.executable, "-m", "ctc.benchmark.worker"]
        pipe = subprocess.PIPE
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._said, text=True)
        try:
            answer = self._ask({"subject": name, "setting": setting.to_json()})
            if "failed" in answer:
                raise CtcError(answer["failed"])
        except BaseException:
            self.__exit__()
            raise

    def lap(self, seconds: float) -> Lap:
        return Lap(**self._ask({"seconds": seconds}))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise CtcError(f"'{self._name}' failed: {self._last_words()}") from None
        return answer

    def _last_words(self) -> str:
        """The last line that the process wrote to stderr."""
        self._process.wait()
        self._said.seek(0)
        return ([line.strip() for line in self._said if line.strip()] or ["it said nothing"])[-1]

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()
