"""Presence thresholds estimated from predictions."""

from __future__ import annotations

import pytest

from ctc.evaluation.answers.presence import PresenceThresholdEstimator


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        ([((0.6, 0.4), ("fox",))], {"fox": 0.5, "wolf": 0.5}),
        ([((0.6, 0.4), ("fox", "wolf")), ((0.3, 0.2), ("fox",))], {"fox": 0.3, "wolf": 0.4}),
        ([((0.6, 0.4), ()), ((0.7, 0.5), ("wolf",))], {"fox": None, "wolf": 0.5}),
    ],
)
def test_presence_threshold_estimator_finds_thresholds_in_predictions(
    predictions, expected
) -> None:
    presence = PresenceThresholdEstimator(("fox", "wolf"))
    for values, names in predictions:
        presence.add(values, names)
    assert presence.thresholds() == expected
