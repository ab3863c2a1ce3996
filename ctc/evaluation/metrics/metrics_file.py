"""Writer of metrics.json (everything) and metrics.csv (a row per label, class and unit).

docs/evaluate.md describes both.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from ctc._version import __version__
from ctc.evaluation.metrics.class_metrics import METRICS
from ctc.evaluation.metrics.evaluation import (
    FORMAT,
    FORMAT_VERSION,
    Evaluation,
    LabelEvaluation,
    MultiLabelEvaluation,
)
from ctc.evaluation.metrics.json_values import as_json
from ctc.storage.atomic import write_text
from ctc.storage.csv_writer import RowWriter
from ctc.storage.json_file import write_object

METRICS_JSON, METRICS_CSV = "metrics.json", "metrics.csv"
DIGITS = 6
ENDS = ("", "_low", "_high", "_new_low", "_new_high")


def write_metrics(evaluation: Evaluation, folder: Path, for_excel: bool = False) -> None:
    """Write both files into `folder`; `for_excel`: see `RowWriter`."""
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, "ctc_version": __version__}
    write_object(folder / METRICS_JSON, {**about, **as_json(evaluation, DIGITS)})
    text = io.StringIO()
    rows = RowWriter(text, for_excel)
    columns = [f"{metric}{end}" for metric in METRICS for end in ENDS]
    rows.writerow(["label", "class", "unit", "support", "predicted", *columns])
    rows.writerows(_rows(evaluation))
    write_text(folder / METRICS_CSV, text.getvalue())


def _rows(evaluation: Evaluation) -> Iterator[list[str | int]]:
    labels: dict[str, LabelEvaluation | MultiLabelEvaluation] = {
        **evaluation.labels,
        **evaluation.multi_label,
    }
    for label, found in labels.items():
        for unit, scores in found.units.items():
            for one in scores.classes:
                estimates = [getattr(one, metric) for metric in METRICS]
                values = [value for each in estimates for value in astuple(each)]
                cells = ["" if math.isnan(value) else f"{value:.6f}" for value in values]
                yield [label, one.name, unit, one.support, one.predicted, *cells]
