"""The charts of an evaluation: training, automation, reliability."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.evaluation.html.charts import Axis, Band, Line, line_chart
from ctc.evaluation.metrics.evaluation import Coverage, Reliability

NAN = float("nan")

History = Sequence[Mapping[str, str]]
"""The rows of a run's history.csv, an epoch each."""


def read_history(run: Run) -> History:
    """Raises InputError when the run's history.csv can't be read, or holds something else."""
    try:
        with run.history.open(encoding="utf-8", newline="") as file:
            rows = tuple(csv.DictReader(file))
            for row in rows:
                float(row["epoch"])
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"'{run.history}' can't be read: {error}") from None
    return rows


def training_curves(history: History, labels: Sequence[str]) -> Mapping[str, Markup]:
    """Charts by title: the loss, and the accuracy of each label."""
    if not history:
        return {}
    charts = {"Loss": _epoch_chart("loss", _train_val_lines(history, "loss"))}
    for label in labels:
        lines = _train_val_lines(history, f"accuracy[{label}]")
        if lines:
            charts[f"Share of right answers: {label}"] = _epoch_chart("right", lines, share=True)
    return charts


def coverage_curve(coverage: Coverage) -> Markup:
    """Share accepted across, share of right answers among them upwards."""
    points = [(one.share, one.accuracy.value) for one in coverage.curve]
    low = min(0.9, *(value for _, value in points))
    floor = int(low * 10 + 1e-9) / 10
    lower = [(one.share, max(floor, one.accuracy.low)) for one in coverage.curve]
    upper = [(one.share, one.accuracy.high) for one in coverage.curve]
    summary = f"With all accepted {points[-1][1]:.0%} are right; with the surest {points[0][0]:.0%} it is {points[0][1]:.0%}"
    across, upwards = Axis("accepted without a look", 0, 1, True), Axis("right", floor, 1, True)
    band = Band("95 % interval", lower, upper)
    return line_chart(
        summary, across, upwards, [Line("right among the accepted", points)], band=band
    )


def reliability_diagram(now: Reliability, before: Reliability | None) -> Markup:
    """Mean probability of each bin across, share of right answers in it upwards; on the diagonal
    they agree."""
    lines = [_reliability_line("as it is now" if before else "this model", now)]
    if before:
        lines.append(_reliability_line("before calibration", before))
    summary = f"The probabilities are off by {now.ece:.1%} on average"
    return line_chart(
        summary,
        Axis("probability the model gives", 0, 1, True),
        Axis("right", 0, 1, True),
        lines,
        diagonal=True,
    )


def _reliability_line(name: str, reliability: Reliability) -> Line:
    bins = [one for one in reliability.bins if one.n]
    most = max(one.n for one in bins)
    return Line(
        name, [(one.confidence, one.accuracy) for one in bins], [one.n / most for one in bins]
    )


def _train_val_lines(rows: Sequence[Mapping[str, str]], column: str) -> list[Line]:
    """Training and validation, as far as they were measured."""
    lines = []
    for name, prefix in (("training", ""), ("validation", "val_")):
        points = [
            (_parse_float(row["epoch"]), _parse_float(row.get(prefix + column))) for row in rows
        ]
        if any(value == value for _, value in points):
            lines.append(Line(name, points))
    return lines


def _epoch_chart(title: str, lines: Sequence[Line], *, share: bool = False) -> Markup:
    epochs = [epoch for line in lines for epoch, _ in line.points]
    values = [value for line in lines for _, value in line.points if value == value]
    top = 1.0 if share else max(values) or 1.0
    ends = ", ".join(f"{line.name} ends at {line.points[-1][1]:.3g}" for line in lines)
    last = max(2.0, *epochs)
    return line_chart(
        f"{title} by epoch: {ends}",
        Axis("epoch", 1, last, is_integer=True),
        Axis(title, 0, top, share),
        lines,
    )


def _parse_float(text: str | None) -> float:
    return float(text) if text else NAN
