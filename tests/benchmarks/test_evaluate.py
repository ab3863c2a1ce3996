"""benchmarks/evaluate.py; its results are in benchmarks/README.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import evaluate
from ctc.cli.main import run


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_benchmark_evaluate_writes_valid_predictions(tmp_path: Path, kind: str) -> None:
    predictions, truth = tmp_path / f"p.{kind}", tmp_path / "truth.parquet"
    evaluate.write_world(predictions, truth, 600, 5)
    assert (
        run(["evaluate", str(predictions), "--truth", str(truth), "--output", str(tmp_path / "e")])
        == 0
    )
    scores = json.loads((tmp_path / "e" / "metrics.json").read_text())["labels"]["species"][
        "units"
    ]["event"]
    assert scores["n"] == 600
    assert 0.9 < scores["top_1"]["value"] < 1
