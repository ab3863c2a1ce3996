"""A bar chart of benchmark results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctc.benchmark.records import LIMIT, BenchmarkResult
from ctc.errors import MissingExtraError
from ctc.storage.atomic import atomic_write

_BAR, _LIMIT, _INK = "#3b6ea5", "#b0b7bf", "#333333"


def write_chart(results: Sequence[BenchmarkResult], path: Path, title: str) -> None:
    """Write a PNG with images per second, the fastest contender on top."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtraError("the chart", "train") from None
    measured = sorted(
        (r for r in results if r.images_per_second), key=lambda r: r.images_per_second or 0
    )
    figure = Figure(figsize=(8, 1.2 + 0.45 * len(measured)), layout="constrained")
    axes = figure.add_subplot()
    rates = [result.images_per_second or 0 for result in measured]
    colors = [_LIMIT if result.name == LIMIT else _BAR for result in measured]
    bars = axes.barh([result.name for result in measured], rates, color=colors, height=0.62)
    axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=4, color=_INK)
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.set_xlabel("images per second", color=_INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    with atomic_write(path) as partial:
        figure.savefig(partial, format="png", dpi=150)
