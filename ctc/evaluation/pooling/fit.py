"""Fit a pooling of events' photos, and test it on held-out places against every aggregation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.pooling import Pooling
from ctc.evaluation.pooling.answers import SMALLEST, Floats, PoolingData
from ctc.evaluation.pooling.likelihood import Parameters, fit_parameters, pooled

FOLDS = 5
MIN_EVENTS, MIN_GROUPS = 30, 5
"""Events of several photos, and places of such, below which nothing is fitted."""
MEAN = "mean"
LEAST_GAIN = 1e-3
"""What a log loss must be lower by: less is of no use to anybody."""


@dataclass(frozen=True)
class Comparison:
    """A pooling beside an aggregation, on E held-out events of several photos.

    `log_loss`, `accuracy`: of the aggregation. `gain`: how much lower the log loss of the pooling
    is; `error`: the standard error of that over places.
    """

    aggregation: str
    log_loss: float
    accuracy: float
    gain: float
    error: float

    @property
    def is_beaten(self) -> bool:
        """Whether the pooling is surely better."""
        return self.gain > max(self.error, LEAST_GAIN)


@dataclass(frozen=True)
class FittedPooling:
    """A pooling; `held_out`: the parameters that each event, (E,) by fold number, was not part of.

    `events`, `groups`: of several photos. `comparisons`: MEAN first, then that of the lowest log
    loss, where it is another.
    """

    parameters: Parameters
    folds: NDArray[np.int64]
    held_out: tuple[Parameters, ...]
    most_photos: int
    labels: tuple[str, ...]
    events: int
    groups: int
    log_loss: float
    accuracy: float
    comparisons: tuple[Comparison, ...]

    @property
    def pays(self) -> bool:
        """Whether it is surely better than all it was compared with, and right as often as MEAN."""
        beaten = all(one.is_beaten for one in self.comparisons)
        return beaten and self.accuracy >= self.comparisons[0].accuracy

    @property
    def pooling(self) -> Pooling:
        """What the model file tells of it."""
        return Pooling(self.parameters.growth, self.most_photos, self.labels)

    def describe(self) -> str:
        """Return in words how well it did."""
        told = "; ".join(
            f"{one.aggregation} {one.log_loss:.3f} ({one.accuracy:.1%} right; "
            f"{one.gain:+.3f} ± {one.error:.3f})"
            for one in self.comparisons
        )
        return (
            f"log loss of {self.events:,} events of several photos at {self.groups} held-out "
            f"places: attention {self.log_loss:.3f} ({self.accuracy:.1%} right), {told}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields of its entry in `ModelInfo.promises`."""
        return {
            **self.pooling.to_json(),
            "events": self.events,
            "places": self.groups,
            "held_out": {
                "log_loss": self.log_loss,
                "accuracy": self.accuracy,
                "compared_with": [vars(one) for one in self.comparisons],
            },
        }


def fit_pooling(
    data: PoolingData,
    others: Mapping[str, Mapping[str, Floats]],
    labels: tuple[str, ...],
) -> FittedPooling | str:
    """Return the pooling and its test, or why nothing could be fitted.

    `others`: the probabilities of the same events by aggregation and name of the answers, MEAN
    among them. `labels`: those that it is for.
    """
    several = data.counts > 1
    groups = len(np.unique(data.group[several]))
    if several.sum() < MIN_EVENTS or groups < MIN_GROUPS:
        return (
            f"no pooling was fitted: it needs {MIN_EVENTS} events of several photos at "
            f"{MIN_GROUPS} places, and there are {int(several.sum())} of {groups}"
        )
    fold = _folds(data.group)
    chosen = data.subset(several)
    held_out = tuple(
        fit_parameters(data.subset(several & (fold != number))) for number in range(FOLDS)
    )
    answers = {
        name: np.empty((len(chosen.group), one.logs.shape[1]))
        for name, one in chosen.answers.items()
    }
    for number, parameters in enumerate(held_out):
        out = fold[several] == number
        if out.any():
            for name, values in pooled(parameters, chosen.subset(out)).items():
                answers[name][out] = values
    loss, right = _scores(answers, chosen)
    compared = {
        name: _scores({key: values[several] for key, values in other.items()}, chosen)
        for name, other in others.items()
    }
    best = min(compared, key=lambda name: (compared[name][0].mean(), name))
    names = dict.fromkeys((MEAN, best))
    return FittedPooling(
        fit_parameters(chosen),
        fold,
        held_out,
        int(data.counts.max()),
        labels,
        int(several.sum()),
        groups,
        float(loss.mean()),
        float(right.mean()),
        tuple(_compare(name, *compared[name], loss, chosen.group) for name in names),
    )


def _folds(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold of each event, whole groups in each."""
    distinct, position = np.unique(group, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(distinct))
    return np.asarray((order % FOLDS)[position], np.int64)


def _scores(answers: Mapping[str, Floats], data: PoolingData) -> tuple[Floats, Floats]:
    """Return the log loss of each event, (E,), and whether it is right, as means over its labels.

    An event without any known label has 0 and 1.
    """
    loss, right, total = (np.zeros(len(data.group)) for _ in range(3))
    for name, one in data.answers.items():
        known = np.flatnonzero(one.truth >= 0)
        values = answers[name][known]
        values = values / np.maximum(values.sum(axis=1, keepdims=True), SMALLEST)
        true = values[np.arange(len(known)), one.truth[known]]
        share = data.weights[name]
        loss[known] -= share * np.log(np.maximum(true, SMALLEST))
        right[known] += share * (values.argmax(axis=1) == one.truth[known])
        total[known] += share
    some = np.maximum(total, SMALLEST)
    return loss / some, np.where(total > 0, right / some, 1.0)


def _compare(
    name: str, loss: Floats, right: Floats, own: Floats, group: NDArray[np.int64]
) -> Comparison:
    """Return the comparison; the standard error is that of a ratio over whole places."""
    difference = loss - own
    gain = float(difference.mean())
    distinct, position = np.unique(group, return_inverse=True)
    away = np.bincount(position, difference - gain)
    spread = len(distinct) / (len(distinct) - 1) * float((away**2).sum())
    error = float(np.sqrt(spread)) / len(difference)
    return Comparison(name, float(loss.mean()), float(right.mean()), gain, error)
