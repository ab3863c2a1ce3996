"""The charts of an evaluation: training, automation, reliability."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.report.evaluation import Automation, Reliability
from ctc.report.html.charts import Axis, Line, line_chart

NAN = float("nan")


def training_curves(run: Run, labels: Sequence[str]) -> Mapping[str, Markup]:
    """Charts by title: the loss, and the accuracy of each label. Raises InputError when history.csv can't be read."""
    rows = _history(run)
    if not rows:
        return {}
    charts = {"Loss": _curve("loss", _pair(rows, "loss"))}
    for label in labels:
        lines = _pair(rows, f"accuracy[{label}]")
        if lines:
            charts[f"Share of right answers: {label}"] = _curve("right", lines, share=True)
    return charts


def automation_curve(automation: Automation) -> Markup:
    """Share accepted across, share of right answers among them upwards."""
    points = [(one.share, one.accuracy.value) for one in automation.curve]
    low = min(0.9, *(value for _, value in points))
    floor = int(low * 10 + 1e-9) / 10
    bounds = [("upper end", "high"), ("lower end", "low")]
    lines = [Line("right among the accepted", points)]
    for name, end in bounds:
        ends = [(one.share, max(floor, getattr(one.accuracy, end))) for one in automation.curve]
        lines.append(Line(f"{name} of the 95 % interval", ends))
    summary = (
        f"With all accepted {points[-1][1]:.0%} are right; with the surest {points[0][0]:.0%} it is {points[0][1]:.0%}"
    )
    return line_chart(summary, Axis("accepted without a look", 0, 1, True), Axis("right", floor, 1, True), lines)


def reliability_diagram(now: Reliability, before: Reliability | None) -> Markup:
    """Mean probability of each bin across, share of right answers in it upwards; on the diagonal they agree."""
    lines = [Line("as it is now" if before else "this model", _by_bin(now))]
    if before:
        lines.append(Line("before calibration", _by_bin(before)))
    summary = f"The probabilities are off by {now.ece:.1%} on average"
    return line_chart(
        summary, Axis("probability the model gives", 0, 1, True), Axis("right", 0, 1, True), lines, diagonal=True
    )


def _by_bin(reliability: Reliability) -> list[tuple[float, float]]:
    return [(one.confidence, one.accuracy) for one in reliability.bins if one.n]


def _history(run: Run) -> list[dict[str, str]]:
    try:
        with run.history.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"'{run.history}' can't be read: {error}") from None


def _pair(rows: Sequence[Mapping[str, str]], column: str) -> list[Line]:
    """Training and validation, as far as they were measured."""
    lines = []
    for name, prefix in (("training", ""), ("validation", "val_")):
        points = [(_number(row["epoch"]), _number(row.get(prefix + column))) for row in rows]
        if any(value == value for _, value in points):
            lines.append(Line(name, points))
    return lines


def _curve(title: str, lines: Sequence[Line], *, share: bool = False) -> Markup:
    epochs = [epoch for line in lines for epoch, _ in line.points]
    values = [value for line in lines for _, value in line.points if value == value]
    top = 1.0 if share else max(values) or 1.0
    ends = ", ".join(f"{line.name} ends at {line.points[-1][1]:.3g}" for line in lines)
    last = max(2.0, *epochs)
    return line_chart(f"{title} by epoch: {ends}", Axis("epoch", 1, last), Axis(title, 0, top, share), lines)


def _number(text: str | None) -> float:
    return float(text) if text else NAN
