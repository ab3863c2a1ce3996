"""Figures as the report writes them."""

from __future__ import annotations

from ctc.evaluation.metrics.evaluation import Estimate

PERCENT_SIGN = "\N{NO-BREAK SPACE}%"
RANGE_DASH = "\N{EN DASH}\N{WORD JOINER}"
"""Between two figures that stay on one line."""


def format_percent(share: float, digits: int = 0) -> str:
    """`83 %`, or a dash where there is no figure."""
    return "–" if share != share else f"{100 * share:.{digits}f}{PERCENT_SIGN}"


def format_estimate(estimate: Estimate) -> str:
    """`83 % (70–92 %)`, without brackets where there is no interval, or a dash where there is no
    figure."""
    if estimate.low == estimate.high or estimate.value != estimate.value:
        return format_percent(estimate.value)
    return f"{format_percent(estimate.value)} ({100 * estimate.low:.0f}{RANGE_DASH}{format_percent(estimate.high)})"
