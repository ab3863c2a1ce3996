"""Logging to TensorBoard: event files (TFRecords of `Event` messages), without TensorFlow.

Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto and
core/framework/summary.proto
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ctc.artifacts.run import Run
from ctc.storage.tfrecord import frame
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics

_FILE = "events.out.tfevents.0.ctc"
_DOUBLE, _BYTES, _FLOAT = 1, 2, 5  # wire types


class TensorBoard:
    """Writes `train` and `validation` to the run's folder `tensorboard`.

    TensorBoard shows them as two curves in one chart per metric.
    """

    def __init__(self, run: Run) -> None:
        self._folder = run.tensorboard
        self._is_started = False

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        """Append the last epoch.

        The first call writes all epochs again, because a resumed run may have logged more of them.
        """
        new = epochs[-1:] if self._is_started else epochs
        if not self._is_started:
            for name in ("train", "validation"):
                path = self._folder / name / _FILE
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(frame(_double(1, time.time()) + _bytes(3, b"brain.Event:2")))
            self._is_started = True
        for epoch in new:
            speed = {
                "learning_rate": epoch.learning_rate,
                "images_per_second": epoch.training.images_per_second,
            }
            self._append(
                "train",
                epoch.index,
                _scalars(epoch.training) | speed | {"waiting": epoch.training.wait_fraction},
            )
            if epoch.validation:
                self._append("validation", epoch.index, _scalars(epoch.validation))

    def on_train_end(self, _: SplitMetrics | None) -> None:
        """Do nothing: all epochs are written."""

    def _append(self, name: str, index: int, scalars: Mapping[str, float]) -> None:
        values = b"".join(
            _bytes(1, _bytes(1, tag.encode()) + _float(2, value)) for tag, value in scalars.items()
        )
        event = _double(1, time.time()) + _varint(2 << 3) + _varint(index + 1) + _bytes(5, values)
        with Path(self._folder / name / _FILE).open("ab") as file:
            file.write(frame(event))


def _scalars(metrics: SplitMetrics) -> dict[str, float]:
    scores = {
        f"{label}/{name}": value
        for label, score in metrics.labels.items()
        if score.n
        for name, value in score.named_metrics.items()
    }
    return {"loss": metrics.loss} | scores


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | _DOUBLE) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | _FLOAT) + struct.pack("<f", value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
