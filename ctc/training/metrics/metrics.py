"""What the batches of a pass add up to, and what that says of each label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.training.model.losses import BatchSums

NAN = math.nan


@dataclass(frozen=True)
class LabelMetrics:
    """Over the `n` photos that have the label; not a number when none has. `loss`: mean in nats, as
    it was trained (with class weights, if any); `accuracy` and `top5`: 0–1; `macro_f1`: 0–1, mean
    over the classes that were there or chosen.

    Of a multi-label label `accuracy` and `top5` are the shares of photos whose most probable class,
    or one of the five most probable, is there; classes are chosen from a probability of 0.5 on; and
    `exact`, None for other labels, is the share with exactly the right ones."""

    loss: float = NAN
    accuracy: float = NAN
    top5: float = NAN
    macro_f1: float = NAN
    n: int = 0
    exact: float | None = None

    @property
    def named_metrics(self) -> dict[str, float]:
        """All but `n`, by name."""
        named = {
            "loss": self.loss,
            "accuracy": self.accuracy,
            "top5": self.top5,
            "macro_f1": self.macro_f1,
        }
        return named if self.exact is None else {**named, "exact": self.exact}


@dataclass(frozen=True)
class SplitMetrics:
    """One pass over a split. `loss`: the labels' losses by weight. `waited`: seconds of `seconds`
    spent waiting for data."""

    loss: float
    labels: Mapping[str, LabelMetrics]
    images: int
    seconds: float
    waited: float

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def wait_fraction(self) -> float:
        """The share of the time, 0–1, spent waiting for data."""
        return self.waited / self.seconds if self.seconds else 0.0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SplitMetrics:
        return cls(
            **{
                **data,
                "labels": {label: LabelMetrics(**score) for label, score in data["labels"].items()},
            }
        )


@dataclass
class MetricSums:
    """Sums so far: `sums[label][name]` for each name in `losses.BatchSums`."""

    sums: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)
    images: int = 0
    seconds: float = 0.0
    waited: float = 0.0

    def update(self, label_order: Sequence[str], logs: Mapping[str, Any]) -> None:
        """Take in what a batch gave: under `NAME_i` the sum called NAME of the label at place i of
        `label_order`."""
        for place, label in enumerate(label_order):
            so_far = self.sums.setdefault(label, {})
            for name in BatchSums._fields:
                if f"{name}_{place}" not in logs:
                    continue
                value = np.asarray(logs[f"{name}_{place}"], np.float64)
                so_far[name] = so_far[name] + value if name in so_far else value

    def compute(self, label_weights: Mapping[str, float]) -> SplitMetrics:
        """`label_weights`: label → factor of its loss."""
        labels = {
            label: _label_metrics(self.sums[label]) if label in self.sums else LabelMetrics()
            for label in label_weights
        }
        return SplitMetrics(
            self.loss(label_weights), labels, self.images, self.seconds, self.waited
        )

    def loss(self, label_weights: Mapping[str, float]) -> float:
        """That of `compute` alone."""
        return sum(
            label_weights[label] * float(named["loss"]) / float(named["present"])
            for label, named in self.sums.items()
            if named["present"]
        )

    def to_json(self) -> dict[str, Any]:
        sums = {
            label: {name: value.tolist() for name, value in named.items()}
            for label, named in self.sums.items()
        }
        return {"sums": sums, "images": self.images, "seconds": self.seconds, "waited": self.waited}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MetricSums:
        sums = {
            label: {name: np.asarray(value, np.float64) for name, value in named.items()}
            for label, named in data["sums"].items()
        }
        return cls(**{**data, "sums": sums})


def _label_metrics(sums: Mapping[str, NDArray[np.float64]]) -> LabelMetrics:
    present = float(sums["present"])
    exact = sums.get("exact")
    if not present:
        return LabelMetrics(exact=None if exact is None else NAN)
    loss, accuracy, top5 = (
        float(sums[name]) / present for name in ("loss", "correct", "among_best")
    )
    share = None if exact is None else float(exact) / present
    return LabelMetrics(loss, accuracy, top5, _macro_f1(sums), round(present), share)


def _macro_f1(sums: Mapping[str, NDArray[np.float64]]) -> float:
    named = sums["chosen"] + sums["actual"]
    return float(np.mean(2 * sums["hit"][named > 0] / named[named > 0]))
