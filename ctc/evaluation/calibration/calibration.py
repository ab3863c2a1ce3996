"""Probabilities that mean what they say: temperature and vector scaling (Guo et al. 2017,
https://arxiv.org/abs/1706.04599, section 4.2).

    calibrated = softmax(scale · log p + bias) temperature: scale = 1 / T for all classes, bias = 0

It is fitted to log p instead of the logits, from which log p differs by a constant that softmax
takes away; so it fits any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.evaluation.answers.collector import Aggregator, aggregate_by_event
from ctc.evaluation.answers.predictions import (
    EvaluationData,
    Int32Array,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.evaluation.metrics.intervals import Float64Array

CalibrationMethod = Literal["temperature", "vector"]
ProbabilityTransform = Callable[[ProbabilityMatrix], ProbabilityMatrix]

MIN_PROBABILITY = 1e-12
"""In place of probability 0, whose logarithm isn't a number."""
SMALLEST_SUBNORMAL = float(np.finfo(np.float32).smallest_subnormal)
NEWTON_STEPS = 20


@dataclass(frozen=True)
class Calibration:
    """`scale`, `bias` (classes,) float32."""

    method: CalibrationMethod
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def temperature(self) -> float:
        """Of temperature scaling; above 1 where the model is too sure of itself."""
        return float(1 / self.scale[0])

    def apply(self, probabilities: ProbabilityMatrix) -> ProbabilityMatrix:
        """(N, classes) to (N, classes)."""
        return np.exp(log_softmax(self.scale * clipped_log(probabilities) + self.bias)).astype(
            np.float32
        )

    def undo(self, probabilities: ProbabilityMatrix) -> ProbabilityMatrix:
        """(N, classes) as they were before `apply`: log p = (log calibrated − bias + c) / scale,
        where c makes the sum of the row 1."""
        logs = np.log(np.maximum(probabilities, SMALLEST_SUBNORMAL, dtype=np.float64)) - self.bias
        c = np.zeros((len(logs), 1))
        # Newton's steps towards log Σ p = 0: convex in c and rising, so that each step but the
        # first comes from above
        for _ in range(NEWTON_STEPS):
            plain = (logs + c) / self.scale
            slope = (np.exp(log_softmax(plain)) / self.scale).sum(axis=1, keepdims=True)
            c -= _logsumexp(plain) / slope
        return np.exp((logs + c) / self.scale).astype(np.float32)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], classes: int) -> Calibration:
        """Raises KeyError, TypeError or ValueError for what isn't what `to_json` gives for so many
        `classes`."""
        if data["method"] == "temperature":
            return temperature_scaling(data["temperature"], classes)
        scale, bias = (np.array(data[name], np.float32) for name in ("scale", "bias"))
        if data["method"] != "vector" or not scale.shape == bias.shape == (classes,):
            raise ValueError(f"no calibration of {classes} classes")
        return cls("vector", scale, bias)

    def to_json(self) -> dict[str, Any]:
        if self.method == "temperature":
            return {"method": self.method, "temperature": self.temperature}
        return {"method": self.method, "scale": self.scale.tolist(), "bias": self.bias.tolist()}


def temperature_scaling(temperature: float, classes: int) -> Calibration:
    scale = np.full(classes, 1 / temperature, np.float32)
    return Calibration("temperature", scale, np.zeros(classes, np.float32))


def negative_log_likelihood(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """(N,): of each answer's truth, natural logarithm."""
    return -clipped_log(probabilities)[np.arange(len(truth)), truth]


def apply_calibration(
    data: EvaluationData, calibrations: Mapping[str, Calibration], aggregator: Aggregator
) -> EvaluationData:
    """The answers as the calibrated model would give them."""
    return _transform(data, {label: one.apply for label, one in calibrations.items()}, aggregator)


def undo_calibration(
    data: EvaluationData, calibration: Mapping[str, Any], aggregator: Aggregator
) -> EvaluationData | None:
    """The answers as they were before the calibration that a model's metadata tell, None without
    one. Raises InputError where it can't be understood."""
    told = {label: entry for label, entry in calibration.items() if label in data.classes}
    if not told:
        return None
    try:
        undo = {
            label: Calibration.from_json(entry, len(data.classes[label])).undo
            for label, entry in told.items()
        }
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"the model's calibration is damaged ({error!r}): calibrate its original again"
        ) from None
    return _transform(data, undo, aggregator)


def _transform(
    data: EvaluationData, transforms: Mapping[str, ProbabilityTransform], aggregator: Aggregator
) -> EvaluationData:
    """With the answers for photos changed and combined anew, or those for events where there are
    only those."""
    if data.photos is None:
        return replace(data, events=_transform_unit(data.events, transforms))
    photos = _transform_unit(data.photos, transforms)
    return replace(
        data, photos=photos, events=aggregate_by_event(photos, len(data.event_ids), aggregator)
    )


def _transform_unit(
    predictions: UnitPredictions, transforms: Mapping[str, ProbabilityTransform]
) -> UnitPredictions:
    changed = {
        label: transforms[label](values) if label in transforms else values
        for label, values in predictions.probabilities.items()
    }
    return replace(predictions, probabilities=changed)


def clipped_log(probabilities: ProbabilityMatrix) -> Float64Array:
    """Natural, of 0 that of SMALLEST."""
    return np.log(np.maximum(probabilities, MIN_PROBABILITY, dtype=np.float64))


def log_softmax(scores: Float64Array) -> Float64Array:
    return scores - _logsumexp(scores)


def _logsumexp(scores: Float64Array) -> Float64Array:
    """(N, classes) to (N, 1): the logarithm of the sum of the powers of e."""
    highest = scores.max(axis=1, keepdims=True)
    return np.asarray(highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True)))
