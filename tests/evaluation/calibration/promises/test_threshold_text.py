"""Sentences on thresholds, which `ctc calibrate` prints."""

from __future__ import annotations

import pytest

from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.model.threshold_promise import ClassThreshold, ThresholdPromise
from ctc.evaluation.calibration.promises.threshold_text import threshold_lines

CASCADE = PredictionSetup(detector="abc --cascade")


def promise(limit: float | None, setup: PredictionSetup | None = None) -> ThresholdPromise:
    classes = (ClassThreshold("deer", 200, 200, limit), ClassThreshold("fox", 3, 3))
    made_for = setup or PredictionSetup()
    photos = (1, 3.0, 5)
    return ThresholdPromise(
        "species", made_for, "new locations", 0.95, 0.95, False, 203, photos, 20, classes
    )


@pytest.mark.parametrize(
    ("limit", "start"),
    [
        (0.8, "promised for other locations of the same kind as these (new locations), with 95%"),
        (None, "no class has a threshold: that 95% of its answers are right can't be promised for"),
    ],
)
def test_threshold_lines_tell_what_is_promised_if_anything(limit: float | None, start: str) -> None:
    (line,) = threshold_lines([promise(limit)])
    assert line.startswith(start)
    end = "; fitted to 203 events with --aggregation mean (photos per event: 1 to 5, median 3)"
    assert line.endswith(end)


def test_threshold_lines_name_the_other_ways_to_predict() -> None:
    *_, line = threshold_lines([promise(0.8), promise(0.9, CASCADE)])
    assert line.endswith("--aggregation mean with a detector as a cascade (1 of 2 classes)")
