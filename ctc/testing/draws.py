"""Whether a loader draws events by weight."""

from __future__ import annotations

import math
from contextlib import closing

import numpy as np

from ctc.artifacts.event_record import MISSING
from ctc.testing.expect import expect, expect_equal
from ctc.testing.reading import LoaderUnderTest

_EPOCHS = range(4)
_MAX_DEVIATIONS = 4.0


def check_weighted_sampling(reading: LoaderUnderTest) -> None:
    """Drawn by weight, an epoch is as long as ever, and its classes come as often as the weights
    say: within four standard deviations of independent draws."""
    config = reading.weighted_config
    draw = config.draw_weights
    if draw is None:
        return
    with closing(reading.open(config)) as stream:
        told = (stream.samples, stream.steps)
        batches = [
            np.asarray(batch.labels[draw.label])
            for epoch in _EPOCHS
            for batch in stream.epoch(epoch)
        ]
    known = np.array([sample.labels[draw.label] for sample in reading.expected_samples(config)])
    came = np.concatenate(batches)
    expect_equal(len(came), len(known) * len(_EPOCHS), "the samples of epochs drawn by weight")
    expect_equal(told[1] * len(_EPOCHS), len(batches), "the steps of epochs drawn by weight")
    expect_equal(told[0], len(known), "samples, drawn by weight")
    weights = np.where(known == MISSING, 1.0, np.array(draw.weights)[known])
    share = weights[known == 0].sum() / weights.sum()
    within = _MAX_DEVIATIONS * math.sqrt(share * (1 - share) / len(came))
    found = float((came == 0).mean())
    expect(
        abs(found - share) <= within,
        f"drawn by weight, the first class of '{draw.label}' should be {share:.0%} of the samples, but is {found:.0%}",
    )
