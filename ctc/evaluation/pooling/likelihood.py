"""The pooling of an event's photos, its likelihood and gradient.

Photo i has the score a_i = v · x_i of its descriptor, and the weight w_i, the softmax of the scores
over the n photos of its event. The event's probabilities are the softmax over the classes of

    n^κ · Σ_i w_i log p_i

so that a single photo keeps its probabilities, and the order of the photos does not matter. κ says
how evidence adds up: with 0 not at all, with 1 as if photos were independent. A log-linear pool
(Genest and Zidek 1986, https://doi.org/10.1214/ss/1177013825) with attention weights (Ilse et al.
2018, https://arxiv.org/abs/1802.04712).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctc.evaluation.pooling.answers import Answers, Floats, PoolingData

PENALTY = 1.0
"""Half a penalty on the squared weights and exponent, in units of one event's log likelihood."""
LEAST_GROWTH, MOST_GROWTH = 0.0, 1.0
MAX_STEPS = 200


@dataclass(frozen=True)
class Parameters:
    """`direction` (D,): v, of the descriptors. `growth`: κ."""

    direction: Floats
    growth: float


def fit_parameters(data: PoolingData, penalty: float = PENALTY) -> Parameters:
    """Return the parameters of the highest penalised likelihood."""
    from scipy.optimize import minimize

    size = data.descriptors.shape[1]
    found = minimize(
        lambda values: objective(values, data, penalty),
        np.zeros(size + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * size + [(LEAST_GROWTH, MOST_GROWTH)],
        options={"maxiter": MAX_STEPS},
    ).x
    return Parameters(found[:size], float(found[size]))


def objective(values: Floats, data: PoolingData, penalty: float) -> tuple[float, Floats]:
    """Return the penalised negative log likelihood of (v, κ), and its gradient."""
    direction, growth = values[:-1], float(values[-1])
    starts, counts = data.starts, data.counts
    weights = photo_weights(data.descriptors @ direction, data)
    log_counts = np.log(counts)
    scale = np.exp(growth * log_counts)[:, None]
    loss, growth_slope = 0.0, 0.0
    pull = np.zeros(len(weights))
    for name, one in data.answers.items():
        means = np.add.reduceat(weights[:, None] * one.logs, starts)
        found, slope = _cross_entropy(scale * means, one)
        share = data.weights[name]
        loss += share * found
        growth_slope += share * float((log_counts[:, None] * scale * slope * means).sum())
        pull += share * ((scale * slope)[data.event] * one.logs).sum(axis=1)
    centred = pull - np.add.reduceat(weights * pull, starts)[data.event]
    gradient = np.append(data.descriptors.T @ (weights * centred), growth_slope)
    return loss + penalty / 2 * float(values @ values), gradient + penalty * values


def photo_weights(scores: Floats, data: PoolingData) -> Floats:
    """Return the softmax of the scores over the photos of each event, (P,)."""
    highest = np.maximum.reduceat(scores, data.starts)[data.event]
    exp = np.exp(scores - highest)
    return np.asarray(exp / np.add.reduceat(exp, data.starts)[data.event])


def pooled(parameters: Parameters, data: PoolingData) -> dict[str, Floats]:
    """Return the probabilities of events by name of the answers, (E, classes)."""
    weights = photo_weights(data.descriptors @ parameters.direction, data)
    scale = data.counts[:, None] ** parameters.growth
    found = {}
    for name, one in data.answers.items():
        scores = scale * np.add.reduceat(weights[:, None] * one.logs, data.starts)
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        found[name] = exp / exp.sum(axis=1, keepdims=True)
    return found


def _cross_entropy(scores: Floats, answers: Answers) -> tuple[float, Floats]:
    """Return the negative log likelihood of the known truths, and its slope by the scores."""
    known = np.flatnonzero(answers.truth >= 0)
    truth, shown = answers.truth[known], scores[known]
    exp = np.exp(shown - shown.max(axis=1, keepdims=True))
    probabilities = exp / exp.sum(axis=1, keepdims=True)
    rows = np.arange(len(known))
    loss = -float(np.log(np.maximum(probabilities[rows, truth], 1e-300)).sum())
    probabilities[rows, truth] -= 1
    slope = np.zeros_like(scores)
    slope[known] = probabilities
    return loss, slope
