"""history.csv: one row per epoch, and the same as a line to read.

Columns: epoch, loss, val_loss, then `loss[LABEL]`, `accuracy[LABEL]`, `val_loss[LABEL]`, `val_accuracy[LABEL]` for each label, then
learning_rate, images_per_second, seconds (validation included), waiting (share of the training pass). What wasn't measured is empty.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.atomic import write_text
from ctc.training.passes import PassResult


@dataclass(frozen=True)
class Epoch:
    """One epoch, `index` from 0. `validation` is None when the dataset has no such split."""

    index: int
    learning_rate: float
    training: PassResult
    validation: PassResult | None

    @property
    def watched_loss(self) -> float:
        """What early stopping and the learning rate go by."""
        return (self.validation or self.training).loss

    @property
    def seconds(self) -> float:
        return self.training.seconds + (self.validation.seconds if self.validation else 0.0)


def write_history(path: Path, epochs: Sequence[Epoch]) -> None:
    """Write the whole file anew."""
    rows = [_row(epoch) for epoch in epochs]
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())


def line(epoch: Epoch, of: int) -> str:
    """`epoch 3/70: loss 0.512, val 0.480; species 0.91, val 0.88; 812 img/s, 12 s, waiting 3 %`"""
    training, validation = epoch.training, epoch.validation
    losses = f"loss {training.loss:.3f}" + (f", val {validation.loss:.3f}" if validation else "")
    labels = "; ".join(
        f"{label} {score.accuracy:.3f}" + (f", val {validation.labels[label].accuracy:.3f}" if validation else "")
        for label, score in training.labels.items()
    )
    speed = f"{training.images_per_second:.0f} img/s, {epoch.seconds:.0f} s, waiting {training.waiting:.0%}"
    return f"epoch {epoch.index + 1}/{of}: {losses}; {labels}; {speed}"


def _row(epoch: Epoch) -> dict[str, str]:
    training, validation = epoch.training, epoch.validation
    row: dict[str, float | None] = {"loss": training.loss, "val_loss": validation.loss if validation else None}
    for label, score in training.labels.items():
        row[f"loss[{label}]"] = score.loss
        row[f"accuracy[{label}]"] = score.accuracy
        row[f"val_loss[{label}]"] = validation.labels[label].loss if validation else None
        row[f"val_accuracy[{label}]"] = validation.labels[label].accuracy if validation else None
    row |= {
        "learning_rate": epoch.learning_rate,
        "images_per_second": training.images_per_second,
        "seconds": epoch.seconds,
        "waiting": training.waiting,
    }
    return {"epoch": str(epoch.index + 1), **{name: _number(value) for name, value in row.items()}}


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"
