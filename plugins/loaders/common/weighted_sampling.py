"""Weighted sampling, so that rare classes come more often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError
from ctc.plugin import LoaderConfig, SamplingWeights

from .order import Indices
from .records import Records

_DEFAULT_WEIGHT = 1.0


def row_weights(
    dataset: Dataset, split: str, config: LoaderConfig, sampling_weights: SamplingWeights
) -> NDArray[np.float64]:
    """Return the weight of each record of the split, (records,), as `SamplingWeights` defines it.

    All records are read once; one that can't be parsed counts as lacking the label.
    """
    first_alone = config.observation == "first" and sampling_weights.label not in config.multi_label
    known = dict(enumerate(sampling_weights.weights))

    def weight(row: int) -> float:
        try:
            (observed,) = records.read_labels(row)
        except InputError:
            return _DEFAULT_WEIGHT
        shown = observed[:1] if first_alone else observed
        return max((known[number] for number in shown if number in known), default=_DEFAULT_WEIGHT)

    records = Records(dataset, split, (sampling_weights.label,))
    try:
        return np.array([weight(row) for row in range(len(records))])
    finally:
        records.close()


def systematic_sample(weights: NDArray[np.float64], seed: int, epoch: int) -> Indices:
    """Draw N of the numbers 0 … N − 1 with replacement by `weights` (N,); (N,), ascending.

    Systematic sampling in random order (Madow 1949, On the theory of systematic sampling, II): each
    number comes as often as its share of the weights says, rounded up or down; with equal weights,
    once.
    """
    rng = np.random.default_rng([seed, epoch, *b"draw"])
    count = len(weights)
    order = rng.permutation(count)
    ends = np.cumsum(weights[order])
    places = np.searchsorted(
        ends, (rng.random() + np.arange(count)) * (ends[-1] / count), side="right"
    )
    return np.sort(order[np.minimum(places, count - 1)])
