"""Contract check of weighted sampling in loaders."""

from __future__ import annotations

import math
from contextlib import closing

import numpy as np

from ctc.artifacts.event_record import MISSING
from ctc.testing.expect import expect, expect_equal
from ctc.testing.loader_under_test import LoaderUnderTest

_EPOCHS = range(4)
_MAX_DEVIATIONS = 4.0


def check_weighted_sampling(loader: LoaderUnderTest) -> None:
    """Check weighted sampling of events in training.

    An epoch must keep its length, and the frequency of a class must be within four standard
    deviations of independent draws.
    """
    config = loader.weighted_config
    weighting = config.draw_weights
    if weighting is None:
        return
    with closing(loader.open(config)) as stream:
        announced = (stream.samples, stream.steps)
        batches = [
            np.asarray(batch.labels[weighting.label])
            for epoch in _EPOCHS
            for batch in stream.epoch(epoch)
        ]
    known = np.array([sample.labels[weighting.label] for sample in loader.expected_samples(config)])
    drawn = np.concatenate(batches)
    expect_equal(
        len(drawn), len(known) * len(_EPOCHS), "the samples of epochs with weighted sampling"
    )
    expect_equal(
        announced[1] * len(_EPOCHS), len(batches), "the steps of epochs with weighted sampling"
    )
    expect_equal(announced[0], len(known), "`samples` with weighted sampling")
    weights = np.where(known == MISSING, 1.0, np.array(weighting.weights)[known])
    share = weights[known == 0].sum() / weights.sum()
    within = _MAX_DEVIATIONS * math.sqrt(share * (1 - share) / len(drawn))
    found = float((drawn == 0).mean())
    expect(
        abs(found - share) <= within,
        f"with weighted sampling, the first class of '{weighting.label}' should be {share:.0%} of "
        f"the samples, but is {found:.0%}",
    )
