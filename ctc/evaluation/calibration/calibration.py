"""Calibration of probabilities by temperature and vector scaling.

    calibrated = softmax(scale · log p + bias)
    temperature scaling: scale = 1 / T for all classes, bias = 0

Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2. The scaling uses log p instead of
the logits: they differ by a constant, which softmax cancels. So it fits any model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, describe_damage
from ctc.evaluation.answers.aggregation import Aggregator, aggregate_by_event
from ctc.evaluation.answers.predictions import (
    EvaluationData,
    Int32Array,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.evaluation.config import CalibrationMethod
from ctc.evaluation.statistics.exact import Float64Array

ProbabilityTransform = Callable[[ProbabilityMatrix], ProbabilityMatrix]

MIN_PROBABILITY = 1e-12
"""Replaces probability 0, whose logarithm is infinite, in losses and in files of older versions."""
MIN_FLOAT32 = float(np.finfo(np.float32).tiny)
MIN_FLOAT16 = float(np.finfo(np.float16).smallest_subnormal) / 2
"""Half of the smallest probability that a model with float16 outputs gives."""
SMALLEST_SUBNORMAL = float(np.finfo(np.float32).smallest_subnormal)
NEWTON_STEPS = 20


@dataclass(frozen=True)
class Calibration:
    """Parameters of a scaling; `scale` and `bias` are float32 (classes,).

    `smallest` replaces lower probabilities.
    """

    method: CalibrationMethod
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    smallest: float = MIN_PROBABILITY

    @property
    def temperature(self) -> float:
        """Temperature of temperature scaling; above 1 if the model is overconfident."""
        return float(1 / self.scale[0])

    def apply(self, probabilities: ProbabilityMatrix) -> ProbabilityMatrix:
        """Calibrate probabilities (N, classes)."""
        logs = clipped_log(probabilities, self.smallest)
        return np.exp(log_softmax(self.scale * logs + self.bias)).astype(np.float32)

    def undo(self, probabilities: ProbabilityMatrix) -> ProbabilityMatrix:
        """Return probabilities (N, classes) as they were before `apply`.

        log p = (log calibrated − bias + c) / scale, where c makes each row sum to 1.
        """
        logs = np.log(np.maximum(probabilities, SMALLEST_SUBNORMAL, dtype=np.float64)) - self.bias
        c = np.zeros((len(logs), 1))
        # Newton's method for log Σ p = 0, which is convex and increasing in c: all steps but the
        # first approach the root from above
        for _ in range(NEWTON_STEPS):
            plain = (logs + c) / self.scale
            slope = (np.exp(log_softmax(plain)) / self.scale).sum(axis=1, keepdims=True)
            c -= _logsumexp(plain) / slope
        return np.exp((logs + c) / self.scale).astype(np.float32)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], classes: int) -> Calibration:
        """Read what `to_json` returned for a label with this number of classes.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        method, smallest = data["method"], float(data.get("smallest", MIN_PROBABILITY))
        if method == "temperature":
            return temperature_scaling(data["temperature"], classes, smallest)
        scale, bias = (np.array(data[name], np.float32) for name in ("scale", "bias"))
        if method != "vector" or not scale.shape == bias.shape == (classes,):
            raise ValueError(f"not a calibration of {classes} classes")
        return cls("vector", scale, bias, smallest)

    def to_json(self) -> dict[str, Any]:
        """Return the method and its parameters."""
        parameters: dict[str, Any] = (
            {"temperature": self.temperature}
            if self.method == "temperature"
            else {"scale": self.scale.tolist(), "bias": self.bias.tolist()}
        )
        return {"method": self.method, **parameters, "smallest": self.smallest}


def temperature_scaling(
    temperature: float, classes: int, smallest: float = MIN_PROBABILITY
) -> Calibration:
    """Return the calibration with one temperature for all classes."""
    scale = np.full(classes, 1 / temperature, np.float32)
    return Calibration("temperature", scale, np.zeros(classes, np.float32), smallest)


def smallest_probability(probabilities: ProbabilityMatrix) -> float:
    """Return what probability 0 stands for: half of the smallest that the model gives otherwise.

    At most MIN_FLOAT16, at least MIN_FLOAT32, which it also is without any 0.
    """
    positive = probabilities[probabilities > 0]
    if len(positive) == probabilities.size or not len(positive):
        return MIN_FLOAT32
    return float(np.clip(positive.min() / 2, MIN_FLOAT32, MIN_FLOAT16))


def negative_log_likelihood(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """Return −log p of each prediction's true class, (N,)."""
    return -clipped_log(probabilities)[np.arange(len(truth)), truth]


def apply_calibration(
    data: EvaluationData, calibrations: Mapping[str, Calibration], aggregator: Aggregator
) -> EvaluationData:
    """Return the predictions as the calibrated model gives them."""
    return _transform(data, {label: one.apply for label, one in calibrations.items()}, aggregator)


def undo_calibration(
    data: EvaluationData, calibration: Mapping[str, Any], aggregator: Aggregator
) -> EvaluationData | None:
    """Return the predictions as they were before calibration, None if there was none.

    `calibration` is that of the model's metadata. Raises InputError if it is damaged.
    """
    entries = {label: entry for label, entry in calibration.items() if label in data.classes}
    if not entries:
        return None
    try:
        undo = {
            label: Calibration.from_json(entry, len(data.classes[label])).undo
            for label, entry in entries.items()
        }
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"the model's calibration is damaged ({describe_damage(error)}): calibrate its original"
            " again"
        ) from None
    return _transform(data, undo, aggregator)


def _transform(
    data: EvaluationData, transforms: Mapping[str, ProbabilityTransform], aggregator: Aggregator
) -> EvaluationData:
    """Transform the predictions of photos and aggregate them again, else those of events."""
    if data.photos is None:
        return replace(data, events=_transform_unit(data.events, transforms))
    photos = _transform_unit(data.photos, transforms)
    events = aggregate_by_event(photos, len(data.event_ids), aggregator, data.classes)
    return replace(data, photos=photos, events=events)


def _transform_unit(
    predictions: UnitPredictions, transforms: Mapping[str, ProbabilityTransform]
) -> UnitPredictions:
    changed = {
        label: transforms[label](values) if label in transforms else values
        for label, values in predictions.probabilities.items()
    }
    return replace(predictions, probabilities=changed)


def clipped_log(
    probabilities: ProbabilityMatrix, smallest: float = MIN_PROBABILITY
) -> Float64Array:
    """Return the natural logarithm of the probabilities, of `smallest` in place of lower ones."""
    return np.log(np.maximum(probabilities, smallest, dtype=np.float64))


def log_softmax(scores: Float64Array) -> Float64Array:
    """Return the logarithm of the softmax over the classes of (N, classes)."""
    return scores - _logsumexp(scores)


def _logsumexp(scores: Float64Array) -> Float64Array:
    """Return log Σ exp over the classes: (N, classes) to (N, 1)."""
    highest = scores.max(axis=1, keepdims=True)
    return np.asarray(highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True)))
