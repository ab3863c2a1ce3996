"""metrics.json and metrics.csv."""

from __future__ import annotations

import csv
import json

from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate
from ctc.evaluation.metrics.metrics_file import write_metrics

PROBABILITIES = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]


def test_write_metrics_writes_null_for_undefined_metrics(make_data, tmp_path) -> None:
    write_metrics(
        evaluate(
            make_data([0, 1, 1, 0], PROBABILITIES, ["deer", "fox", "wolf"]), EvaluationContext()
        ),
        tmp_path,
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    scores = metrics["labels"]["species"]["units"]["event"]
    assert (metrics["format"], metrics["format_version"]) == ("ctc-metrics", 1)
    assert (scores["top_1"]["value"], scores["locations"]) == (0.5, None)
    assert scores["classes"][2]["recall"] == dict.fromkeys(
        ("value", "low", "high", "new_low", "new_high")
    )
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["class"], row["unit"], row["support"], row["recall"]) for row in rows] == [
        ("deer", "event", "2", "0.500000"),
        ("fox", "event", "2", "0.500000"),
        ("wolf", "event", "0", ""),
    ]
