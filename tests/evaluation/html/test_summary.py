"""Sentences of the summary."""

from __future__ import annotations

from ctc.evaluation.html.summary import label_summary
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate


def test_label_summary_describes_accuracy_and_locations(data, write_report, read_page) -> None:
    text = read_page(write_report(data)).text
    assert (
        "The model predicts 40 of 48 events whose species is known correctly:"
        " an accuracy of 83\u00a0%."
    ) in text
    assert "Accuracy depends on the location" in text


def test_label_summary_suggests_calibration_only_if_uncalibrated(make_data) -> None:
    wrong = make_data([0, 1, 0, 1], [[0.1, 0.9], [0.9, 0.1]] * 2)
    sentences = [
        label_summary(
            "species", evaluate(wrong, EvaluationContext(uncalibrated=before)).labels["species"]
        )[-1]
        for before in (None, wrong)
    ]
    assert sentences[0].startswith(
        "Its probabilities are not calibrated: use “ctc calibrate” (expected calibration error"
    )
    assert sentences[1].startswith(
        "Its probabilities are not calibrated: the model's calibration does not fit these photos"
        " (expected calibration error"
    )
