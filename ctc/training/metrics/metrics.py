"""Metrics of a pass over a split: sums over its batches, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.training.model.losses import BatchSums

NAN = math.nan
# names of the sums in a checkpoint, where they differ
_CHECKPOINT_KEYS = {
    "top_k_correct": "among_best",
    "photos": "present",
    "true_positives": "hit",
    "predicted": "chosen",
    "support": "actual",
}
_SUM_NAMES = {_CHECKPOINT_KEYS.get(name, name): name for name in BatchSums._fields}


@dataclass(frozen=True)
class LabelMetrics:
    """Metrics over the `n` photos that have the label; NaN if there are none.

    loss        mean in nats, as it was trained (with class weights, if any)
    accuracy    0–1; multi-label: photos whose most probable class is present
    top5        0–1; multi-label: photos that have one of the five most probable classes
    macro_f1    0–1, mean over the classes that were present or predicted; a multi-label class is
                predicted if its probability is at least 0.5
    exact       0–1, multi-label only, otherwise None: photos with exactly the right classes
    """

    loss: float = NAN
    accuracy: float = NAN
    top5: float = NAN
    macro_f1: float = NAN
    n: int = 0
    exact: float | None = None

    @property
    def named_metrics(self) -> dict[str, float]:
        """All metrics by name, without `n`."""
        named = {
            "loss": self.loss,
            "accuracy": self.accuracy,
            "top5": self.top5,
            "macro_f1": self.macro_f1,
        }
        return named if self.exact is None else {**named, "exact": self.exact}


@dataclass(frozen=True)
class SplitMetrics:
    """Metrics of one pass over a split.

    `loss`: the weighted sum of the labels' losses. `data_wait`: the part of `seconds` that was
    spent waiting for data; `device_wait`: the part that was spent waiting for the device.
    """

    loss: float
    labels: Mapping[str, LabelMetrics]
    images: int
    seconds: float
    data_wait: float
    device_wait: float = 0.0

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def wait_fraction(self) -> float:
        """Fraction of the time, 0–1, that was spent waiting for data."""
        return self.data_wait / self.seconds if self.seconds else 0.0

    @property
    def device_wait_fraction(self) -> float:
        """Fraction of the time, 0–1, that was spent waiting for the device."""
        return self.device_wait / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["waited"] = data.pop("data_wait")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SplitMetrics:
        labels = {label: LabelMetrics(**score) for label, score in data["labels"].items()}
        times = data["seconds"], data["waited"], data.get("device_wait", 0.0)
        return cls(data["loss"], labels, data["images"], *times)


@dataclass
class MetricSums:
    """Metric sums over some batches: `sums[label][name]` for each name in `losses.BatchSums`."""

    sums: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)
    images: int = 0
    seconds: float = 0.0
    data_wait: float = 0.0
    device_wait: float = 0.0

    @classmethod
    def from_logs(cls, label_order: Sequence[str], logs: Mapping[str, Any]) -> MetricSums:
        """Return the sums that a `TrainingModel` logged for a batch.

        `NAME_i` in `logs` is the sum NAME of the label at index i of `label_order`.
        """
        return cls(
            {
                label: {
                    name: np.asarray(logs[f"{name}_{index}"], np.float64)
                    for name in BatchSums._fields
                    if f"{name}_{index}" in logs
                }
                for index, label in enumerate(label_order)
            }
        )

    def __iadd__(self, other: MetricSums) -> MetricSums:
        for label, named in other.sums.items():
            totals = self.sums.setdefault(label, {})
            for name, value in named.items():
                totals[name] = totals[name] + value if name in totals else value
        self.images += other.images
        self.seconds += other.seconds
        self.data_wait += other.data_wait
        self.device_wait += other.device_wait
        return self

    def compute(self, label_weights: Mapping[str, float]) -> SplitMetrics:
        """Return the metrics; `label_weights`: label → factor of its loss."""
        labels = {
            label: _label_metrics(self.sums[label]) if label in self.sums else LabelMetrics()
            for label in label_weights
        }
        times = self.seconds, self.data_wait, self.device_wait
        return SplitMetrics(self.loss(label_weights), labels, self.images, *times)

    def loss(self, label_weights: Mapping[str, float]) -> float:
        """Return only the loss of `compute`."""
        return sum(
            label_weights[label] * float(named["loss"]) / float(named["photos"])
            for label, named in self.sums.items()
            if named["photos"]
        )

    def to_json(self) -> dict[str, Any]:
        sums = {
            label: {_CHECKPOINT_KEYS.get(name, name): named[name].tolist() for name in named}
            for label, named in self.sums.items()
        }
        times = {
            "seconds": self.seconds,
            "waited": self.data_wait,
            "device_wait": self.device_wait,
        }
        return {"sums": sums, "images": self.images, **times}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MetricSums:
        sums = {
            label: {_SUM_NAMES[key]: np.asarray(named[key], np.float64) for key in named}
            for label, named in data["sums"].items()
        }
        times = data["seconds"], data["waited"], data.get("device_wait", 0.0)
        return cls(sums, data["images"], *times)


def _label_metrics(sums: Mapping[str, NDArray[np.float64]]) -> LabelMetrics:
    photos = float(sums["photos"])
    exact = sums.get("exact")
    if not photos:
        return LabelMetrics(exact=None if exact is None else NAN)
    loss, accuracy, top5 = (
        float(sums[name]) / photos for name in ("loss", "correct", "top_k_correct")
    )
    exact_share = None if exact is None else float(exact) / photos
    return LabelMetrics(loss, accuracy, top5, _macro_f1(sums), round(photos), exact_share)


def _macro_f1(sums: Mapping[str, NDArray[np.float64]]) -> float:
    named = sums["predicted"] + sums["support"]
    return float(np.mean(2 * sums["true_positives"][named > 0] / named[named > 0]))
