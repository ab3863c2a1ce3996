"""SVG charts."""

from __future__ import annotations

import re

import pytest

from ctc.evaluation.html.charts import Axis, Line, bar_chart, line_chart, share_bar

SHARE = Axis("share", 0, 1, is_percent=True)


@pytest.mark.parametrize(
    ("axis", "texts"),
    [
        (SHARE, ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (Axis("share", 0, 0.12, True), ["0 %", "2.5 %", "5 %", "7.5 %", "10 %"]),
        (Axis("epoch", 1, 8, is_integer=True), ["2", "4", "6", "8"]),
        (Axis("epoch", 1, 2, is_integer=True), ["1", "2"]),
        (Axis("events", 0, 12, is_integer=True), ["0", "5", "10"]),
        (Axis("events", 0, 41_000, is_integer=True), ["0", "10,000", "20,000", "30,000", "40,000"]),
        (Axis("loss", 0, 0.7), ["0", "0.2", "0.4", "0.6"]),
        (Axis("n", 0, 1234), ["0", "250", "500", "750", "1000"]),
    ],
)
def test_axis_ticks_are_round(axis, texts) -> None:
    assert [axis.format_value(value) for value in axis.ticks()] == texts


def test_line_chart_draws_line_from_corner_to_corner() -> None:
    chart = line_chart("up", SHARE, SHARE, [Line("a", [(0, 0), (1, 1)])])
    assert re.search(r'class="line line-0" points="92.0,282.0 604.0,14.0"', chart)


def test_line_chart_has_gap_for_nan_and_dot_for_single_point() -> None:
    points = [(0, 0.1), (0.2, 0.2), (0.4, float("nan")), (0.6, 0.3)]
    chart = line_chart("gap", SHARE, SHARE, [Line("a", points)])
    assert (chart.count("<polyline"), chart.count("<circle")) == (1, 1)


def test_line_chart_escapes_names() -> None:
    chart = line_chart('<"x">', SHARE, SHARE, [Line("<b>", [(0, 0)]), Line("c", [(1, 1)])])
    assert "<b>" not in chart
    assert 'aria-label="&lt;&#34;x&#34;&gt;"' in chart


def test_bar_chart_has_heights_of_the_values() -> None:
    heights = re.findall(
        r'height="([\d.]+)"/>', bar_chart("bars", "hour", [("0", 1), ("1", 2), ("2", 0)])
    )
    assert heights == ["134.0", "268.0", "0.0"]


def test_share_bar_of_nan_is_empty() -> None:
    assert share_bar(float("nan"), 0, 1) == ""
    assert 'width="80.0"' in share_bar(0.5, 0.2, 0.8)
