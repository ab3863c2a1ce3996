"""Numbers as the report writes them."""

from __future__ import annotations

from ctc.evaluation.metrics.evaluation import Estimate

PERCENT_SIGN = "\N{NO-BREAK SPACE}%"
RANGE_DASH = "\N{EN DASH}\N{WORD JOINER}"
"""Separator of two numbers, without a line break."""


def format_percent(share: float, digits: int = 0) -> str:
    """Return `83 %`, or a dash for NaN."""
    return "–" if share != share else f"{100 * share:.{digits}f}{PERCENT_SIGN}"


def format_estimate(estimate: Estimate) -> str:
    """Return `83 % (70–92 %)`; `83 %` without an interval, a dash for NaN."""
    value = format_percent(estimate.value)
    if estimate.low == estimate.high or estimate.value != estimate.value:
        return value
    return f"{value} ({100 * estimate.low:.0f}{RANGE_DASH}{format_percent(estimate.high)})"
