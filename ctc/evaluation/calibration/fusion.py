"""Fit the fusion of an event's evidence by maximum likelihood, and test it on held-out places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array
from ctc.evaluation.statistics.exact import Int64Array
from ctc.inference.decisions.fusion import EVIDENCE, KINDS, SMALLEST, Floats, Kind, LabelFusion

FOLDS = 5
PRIOR = (0.5, 0.5, -0.5, 1.0, 0.5, 0.5)
"""Weights of EVIDENCE before the data have spoken: both answers count, the detector a little."""
WEIGHT_PENALTY, BIAS_PENALTY = 1.0, 5.0
"""Half a penalty on the squared distance from the prior, in units of one event's log likelihood."""
MIN_EVENTS = 30


@dataclass(frozen=True)
class FusionData:
    """What a label's fusion is fitted to, of E events with a known truth.

    `evidence` (E, EVIDENCE, classes), see `event_evidence`. `truth` (E,). `group` (E,): the events
    of a group are held out together, those of a place. `parts`: the answers (E, classes) of each
    part alone.
    """

    classes: tuple[str, ...]
    evidence: Floats
    truth: Int32Array
    group: Int64Array
    parts: Mapping[Kind, NDArray[np.floating]]


@dataclass(frozen=True)
class FittedFusion:
    """A fusion; `held_out` (E, classes): its answers for events that it was not fitted to.

    `log_loss`, `accuracy`: per kind, of events held out.
    """

    fusion: LabelFusion
    held_out: Floats
    log_loss: Mapping[Kind, float]
    accuracy: Mapping[Kind, float]

    def to_json(self) -> dict[str, Any]:
        """Return the fields of its entry in `ModelInfo.promises`."""
        scores = {"log_loss": dict(self.log_loss), "accuracy": dict(self.accuracy)}
        return {**self.fusion.to_json(), "held_out": scores}


def fit_fusion(data: FusionData) -> FittedFusion | str:
    """Return the fusion, or why there is none.

    A part alone is taken where it is right at least as often on held-out groups.
    """
    groups = len(np.unique(data.group))
    if groups < 2 or len(data.truth) < MIN_EVENTS:
        return (
            f"nothing was fused: it needs {MIN_EVENTS} events of two places, and there are"
            f" {len(data.truth)} of {groups}"
        )
    fused = _held_out(data)
    answers: dict[Kind, Floats] = {
        "fused": fused,
        **{kind: np.asarray(values, np.float64) for kind, values in data.parts.items()},
    }
    losses = {kind: _log_loss(values, data.truth) for kind, values in answers.items()}
    accuracies = {
        kind: float((values.argmax(axis=1) == data.truth).mean())
        for kind, values in answers.items()
    }
    best = max(KINDS, key=lambda kind: (accuracies[kind], -losses[kind]))
    weights, bias = _fit(data.evidence, data.truth)
    fusion = LabelFusion(data.classes, best, tuple(weights.tolist()), tuple(bias.tolist()))
    return FittedFusion(fusion, answers[best], losses, accuracies)


def _held_out(data: FusionData) -> Floats:
    """Return the fused answer for each event, of the fit to the groups of other folds."""
    distinct, position = np.unique(data.group, return_inverse=True)
    folds = min(FOLDS, len(distinct))
    fold = (np.random.default_rng(0).permutation(len(distinct)) % folds)[position]
    found = np.empty((len(data.truth), len(data.classes)))
    for number in range(folds):
        out = fold == number
        weights, bias = _fit(data.evidence[~out], data.truth[~out])
        one = LabelFusion(data.classes, "fused", tuple(weights.tolist()), tuple(bias.tolist()))
        found[out] = one.fuse(data.evidence[out])
    return found


def _fit(evidence: Floats, truth: Int32Array) -> tuple[Floats, Floats]:
    """Return the weights (EVIDENCE,) and biases (classes,) of the highest penalised likelihood."""
    from scipy.optimize import minimize

    rows = np.arange(len(truth))
    names, classes = evidence.shape[1:]

    def loss(values: Floats) -> tuple[float, Floats]:
        weights, bias = values[:names], values[names:]
        scores = np.tensordot(evidence, weights, (1, 0)) + bias
        scores -= scores.max(axis=1, keepdims=True)
        total = np.exp(scores).sum(axis=1, keepdims=True)
        difference = np.exp(scores) / total
        likelihood = (scores[rows, truth] - np.log(total[:, 0])).sum()
        difference[rows, truth] -= 1
        away = weights - PRIOR
        penalty = WEIGHT_PENALTY / 2 * (away**2).sum() + BIAS_PENALTY / 2 * (bias**2).sum()
        slope = np.concatenate(
            [
                np.tensordot(evidence, difference, ((0, 2), (0, 1))) + WEIGHT_PENALTY * away,
                difference.sum(axis=0) + BIAS_PENALTY * bias,
            ]
        )
        return float(penalty - likelihood), slope

    start = np.concatenate([PRIOR, np.zeros(classes)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return found[:names], found[names:]


def _log_loss(answers: Floats, truth: Int32Array) -> float:
    chosen = np.maximum(answers[np.arange(len(truth)), truth], SMALLEST)
    return float(-np.log(chosen).mean())


assert len(PRIOR) == len(EVIDENCE)
