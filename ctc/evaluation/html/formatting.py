"""Numbers as the report writes them."""

from __future__ import annotations

from ctc.evaluation.metrics.evaluation import Estimate
from ctc.evaluation.statistics.clusters import Scope
from ctc.evaluation.statistics.promises import MIN_LOCATIONS, Refusal

PERCENT_SIGN = "\N{NO-BREAK SPACE}%"
RANGE_DASH = "\N{EN DASH}\N{WORD JOINER}"
"""Separator of two numbers, without a line break."""


def format_percent(share: float, digits: int = 0) -> str:
    """Return `83 %`, or a dash for NaN."""
    return "–" if share != share else f"{100 * share:.{digits}f}{PERCENT_SIGN}"


def format_estimate(estimate: Estimate) -> str:
    """Return `83 % (70–92 %; new cameras: 61–95 %)`, as much of it as is known; a dash for NaN."""
    found = [format_range(estimate.low, estimate.high)] if is_range(estimate) else []
    if estimate.has_new:
        found.append(f"new cameras: {format_new_range(estimate)}")
    value = format_percent(estimate.value)
    return f"{value} ({'; '.join(found)})" if found else value


def format_interval(estimate: Estimate) -> str:
    """Return `83 % (70–92 %)`, with the interval for the same cameras alone."""
    value = format_percent(estimate.value)
    if not is_range(estimate):
        return value
    return f"{value} ({format_range(estimate.low, estimate.high)})"


def format_new_range(estimate: Estimate) -> str:
    """Return `61–95 %`, the interval for new cameras; '' if it is unknown."""
    return format_range(estimate.new_low, estimate.new_high) if estimate.has_new else ""


def format_range(low: float, high: float) -> str:
    """Return `70–92 %`."""
    return f"{100 * low:.0f}{RANGE_DASH}{format_percent(high)}"


def is_range(estimate: Estimate) -> bool:
    """Return whether a value has an interval for the same cameras."""
    return estimate.low < estimate.high and estimate.value == estimate.value


def describe_scope(scope: Scope) -> str:
    """Return what a promise is about, after "fresh"."""
    return "events of new cameras" if scope == "new locations" else "events of the same cameras"


def describe_refusal(refusal: Refusal) -> str:
    """Return why nothing is promised."""
    reasons: dict[Refusal, str] = {
        "too few": "too few events",
        "too few locations": f"fewer than {MIN_LOCATIONS} locations",
        "one run": "all events are of one run at one camera",
        "not reached": "the data don't prove it",
    }
    return reasons[refusal]
