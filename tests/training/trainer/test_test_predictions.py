from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from ctc.training.run_training import train

pytestmark = pytest.mark.tensorflow


def test_predict_test_split_writes_a_row_per_event_and_label(config, plugins_with_arrays, reporter):
    result = train(
        replace(config, labels=("species", "count"), epochs=1), plugins_with_arrays, reporter
    )
    with result.run.test_predictions.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0])[:5] == [
        "id",
        "label",
        "prediction_top",
        "confidence_top",
        "predictions_all",
    ]
    assert [(row["id"], row["label"]) for row in rows[:2]] == [
        ("test-0", "species"),
        ("test-0", "count"),
    ]
    species = [row for row in rows if row["label"] == "species"]
    right = np.mean([row["prediction_top"] == row["true_species"] for row in species])
    assert right == pytest.approx(result.test.labels["species"].accuracy)
    assert sum(json.loads(rows[0]["predictions_all"]).values()) == pytest.approx(1, abs=0.001)
    assert {row["true_count"] for row in rows} == {"1", "2+", ""}


def test_predict_test_split_averages_photos_of_an_event(config, plugins_with_arrays, reporter):
    """The test split has 12 events with 24 photos."""
    result = train(replace(config, image_choice="all", epochs=1), plugins_with_arrays, reporter)
    assert len(result.run.test_predictions.read_text().splitlines()) == 1 + 12
    assert result.test.images == 24
