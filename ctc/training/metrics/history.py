"""history.csv: one row per epoch, and the log line of an epoch.

Columns:

epoch, loss, val_loss
loss[LABEL], accuracy[LABEL], top5[LABEL], macro_f1[LABEL]
                                for each label; exact[LABEL] too if it is multi-label
val_loss[LABEL], …              the same on the validation split
learning_rate, images_per_second
seconds                         including validation
waiting                         fraction of the training pass that was spent waiting for data
device_wait                     fraction of it that was spent waiting for the device

Values that were not measured are empty.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.storage.atomic import write_text
from ctc.training.metrics.metrics import SplitMetrics


@dataclass(frozen=True)
class Epoch:
    """Metrics of one epoch, `index` from 0; `validation` is None without a validation split."""

    index: int
    learning_rate: float
    training: SplitMetrics
    validation: SplitMetrics | None

    @property
    def monitored_loss(self) -> float:
        """The loss that early stopping and the learning rate depend on."""
        return (self.validation or self.training).loss

    @property
    def seconds(self) -> float:
        return self.training.seconds + (self.validation.seconds if self.validation else 0.0)

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "learning_rate": self.learning_rate,
            "training": self.training.to_json(),
            "validation": self.validation.to_json() if self.validation else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Epoch:
        validation = SplitMetrics.from_json(data["validation"]) if data["validation"] else None
        return cls(
            data["index"],
            data["learning_rate"],
            SplitMetrics.from_json(data["training"]),
            validation,
        )


def write_history(path: Path, epochs: Sequence[Epoch]) -> None:
    """Write the file again with all epochs."""
    rows = [_row(epoch) for epoch in epochs]
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())


def format_epoch(epoch: Epoch, total_epochs: int) -> str:
    """Return the log line of an epoch.

    `epoch 3/70: loss 0.512, val 0.480; species accuracy 0.910, val 0.880; 812 img/s, 12 s, data
    wait 3%`
    """
    training, validation = epoch.training, epoch.validation
    losses = f"loss {training.loss:.3f}" + (f", val {validation.loss:.3f}" if validation else "")
    labels = "; ".join(
        f"{label} accuracy {score.accuracy:.3f}"
        + (f", val {validation.labels[label].accuracy:.3f}" if validation else "")
        for label, score in training.labels.items()
    )
    speed = f"{training.images_per_second:.0f} img/s, {epoch.seconds:.0f} s"
    wait = f"data wait {training.wait_fraction:.0%}"
    return f"epoch {epoch.index + 1}/{total_epochs}: {losses}; {labels}; {speed}, {wait}"


def _row(epoch: Epoch) -> dict[str, str]:
    training, validation = epoch.training, epoch.validation
    row: dict[str, float | None] = {
        "loss": training.loss,
        "val_loss": validation.loss if validation else None,
    }
    for label, score in training.labels.items():
        validated = validation.labels[label].named_metrics if validation else {}
        row |= {f"{name}[{label}]": value for name, value in score.named_metrics.items()}
        row |= {f"val_{name}[{label}]": validated.get(name) for name in score.named_metrics}
    row |= {
        "learning_rate": epoch.learning_rate,
        "images_per_second": training.images_per_second,
        "seconds": epoch.seconds,
        "waiting": training.wait_fraction,
        "device_wait": training.device_wait_fraction,
    }
    return {
        "epoch": str(epoch.index + 1),
        **{name: _format_number(value) for name, value in row.items()},
    }


def _format_number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"
