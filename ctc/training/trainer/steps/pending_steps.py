"""Steps that were started and whose metrics were not read yet.

Reading a number waits for the step that computes it. On a GPU the metrics of several steps are read
at once, and never those of the newest steps, so that the device always has work.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from ctc.plugin import Batch
from ctc.training.distributed.backend import keras_gpus
from ctc.training.metrics.metrics import MetricSums
from ctc.training.trainer.steps.compiled_steps import Logs

READ_EVERY = 10
"""Steps on a GPU whose metrics are read at once."""
IN_FLIGHT = 2
"""The newest steps on a GPU, whose metrics are not read yet."""


@dataclass(frozen=True)
class StartedStep:
    """A step that the device may still compute.

    logs     of each micro-batch, on the device
    images   on all hosts
    batch    kept until the step is done: TensorFlow returns the memory of images that it has by
             DLPack as soon as nobody holds them, while the device may still read them
    """

    label_order: Sequence[str]
    logs: Sequence[Logs]
    images: int
    batch: Batch

    def result(self) -> MetricSums:
        """Wait for the step and return its metric sums."""
        metrics = MetricSums(images=self.images)
        for logs in _to_host(self.logs):
            metrics += MetricSums.from_logs(self.label_order, logs)
        return metrics


class PendingSteps:
    """The started steps of a pass, in order.

    `on_result` gets the metric sums of each. The time that this waits for the device is added to
    `totals`.
    """

    def __init__(
        self,
        totals: MetricSums,
        on_result: Callable[[MetricSums], None],
        read_every: int | None = None,
    ) -> None:
        """`read_every`: by default `READ_EVERY` on a GPU; 1 on a CPU, which nothing is hidden from.

        With 1 every step is waited for.
        """
        if read_every is None:
            read_every = READ_EVERY if keras_gpus() else 1
        self._read_every = read_every
        self._in_flight = IN_FLIGHT if read_every > 1 else 0
        self._totals, self._on_result = totals, on_result
        self._steps: deque[StartedStep] = deque()

    def append(self, step: StartedStep) -> None:
        """Add the newest step; read the metrics of older ones if it is time to."""
        self._steps.append(step)
        if len(self._steps) >= self._read_every + self._in_flight:
            self._read_all_but(self._in_flight)

    def flush(self) -> None:
        """Wait for all steps."""
        self._read_all_but(0)

    def _read_all_but(self, count: int) -> None:
        while len(self._steps) > count:
            started = time.perf_counter()
            metrics = self._steps.popleft().result()
            self._totals.device_wait += time.perf_counter() - started
            self._on_result(metrics)


def _to_host(logs: Sequence[Logs]) -> Any:
    """Return the logs as NumPy arrays, copied at once where the backend can do that."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.device_get(logs)
    return logs
