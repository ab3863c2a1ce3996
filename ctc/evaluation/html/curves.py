"""Charts of the reports: training curves, coverage, reliability, activity by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ctc.evaluation.html.charts import Axis, Band, Line, bar_chart, line_chart
from ctc.evaluation.metrics.activity import HourlyActivity
from ctc.evaluation.metrics.evaluation import Coverage, Reliability
from ctc.evaluation.training_history import History

NAN = float("nan")


def training_curves(history: History, labels: Sequence[str]) -> Mapping[str, Markup]:
    """Return charts by title: the loss, and the accuracy of each label."""
    if not history:
        return {}
    charts = {"Loss": _epoch_chart("loss", _train_val_lines(history, "loss"))}
    for label in labels:
        lines = _train_val_lines(history, f"accuracy[{label}]")
        if lines:
            charts[f"Accuracy: {label}"] = _epoch_chart("accuracy", lines, share=True)
    return charts


def coverage_curve(coverage: Coverage) -> Markup:
    """Draw accuracy (y) against coverage (x)."""
    points = [(one.share, one.accuracy.value) for one in coverage.curve]
    low = min(0.9, *(value for _, value in points))
    floor = int(low * 10 + 1e-9) / 10
    lower = [(one.share, max(floor, one.accuracy.low)) for one in coverage.curve]
    upper = [(one.share, one.accuracy.high) for one in coverage.curve]
    summary = (
        f"Accuracy is {points[-1][1]:.0%} with all predictions accepted,"
        f" {points[0][1]:.0%} with the most confident {points[0][0]:.0%}"
    )
    x, y = Axis("accepted without review", 0, 1, True), Axis("accuracy", floor, 1, True)
    band = Band("95 % interval, same cameras", lower, upper)
    return line_chart(summary, x, y, [Line("accuracy of the accepted", points)], band=band)


def reliability_diagram(now: Reliability, before: Reliability | None) -> Markup:
    """Draw accuracy (y) against mean confidence (x) of each bin.

    On the diagonal the probabilities are calibrated.
    """
    lines = [_reliability_line("calibrated" if before else "this model", now)]
    if before:
        lines.append(_reliability_line("before calibration", before))
    summary = f"The probabilities are off by {now.ece:.1%} on average"
    return line_chart(
        summary,
        Axis("predicted probability", 0, 1, True),
        Axis("accuracy", 0, 1, True),
        lines,
        diagonal=True,
    )


def activity_charts(activity: Sequence[HourlyActivity]) -> Mapping[str, Markup]:
    """Return bar charts of events by hour, by title."""
    return {
        f"Predicted as {one.name}" if one.name else "All events": _hourly_chart(one)
        for one in activity
    }


def _hourly_chart(activity: HourlyActivity) -> Markup:
    peak = max(range(24), key=activity.counts.__getitem__)
    summary = (
        f"Events of {activity.name or 'all classes'} by hour: the maximum is"
        f" {activity.counts[peak]:,} at {peak}:00"
    )
    bars = [(str(hour) if hour % 3 == 0 else "", n) for hour, n in enumerate(activity.counts)]
    return bar_chart(summary, "hour of the day", bars)


def _reliability_line(name: str, reliability: Reliability) -> Line:
    bins = [one for one in reliability.bins if one.n]
    most = max(one.n for one in bins)
    return Line(
        name, [(one.confidence, one.accuracy) for one in bins], [one.n / most for one in bins]
    )


def _train_val_lines(rows: Sequence[Mapping[str, str]], column: str) -> list[Line]:
    """Return the lines of training and validation that have values."""
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
