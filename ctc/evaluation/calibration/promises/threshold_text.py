"""Sentences on thresholds: whom they are for, what they were fitted to, and what else was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.evaluation.statistics.promises import MIN_LOCATIONS
from ctc.reporting import counted

SCOPES = {
    "new locations": "other locations of the same kind as these",
    "same locations": "other events of these locations",
}
"""Whom a promise is for, in words."""


def threshold_lines(promises: Sequence[ThresholdPromise]) -> Iterator[str]:
    """Yield sentences on the thresholds of a fit, those of the chosen setup first."""
    if not promises:
        return
    first = promises[0]
    chosen = [one for one in promises if one.made_for == first.made_for]
    is_given = any(found.threshold is not None for one in chosen for found in one.classes)
    yield promised(first) if is_given else _nothing_promised(first)
    for one in chosen:
        yield from _foreign_line(one)
    if _has_too_few_locations(chosen):
        yield (
            "locations are too few for a promise to new ones: --promise-for same-locations promises"
            " for other events of these"
        )
    others = [
        f"{setup.describe()} ({_given(list(found))})"
        for setup, found in groupby(promises[len(chosen) :], lambda one: one.made_for)
    ]
    if others:
        yield f"also fitted, which `ctc predict` takes where they fit: {', '.join(others)}"


def promised(one: ThresholdPromise) -> str:
    """Return what thresholds promise, for whom, and what they were fitted to."""
    each = "all classes of all labels at once" if one.joint else "each class"
    return (
        f"promised for {SCOPES[one.scope]} ({one.scope}), with {one.confidence:.0%} confidence for "
        f"{each}: of the accepted answers at least {one.precision:.0%} are right; {_fitted_to(one)}"
    )


def _nothing_promised(one: ThresholdPromise) -> str:
    return (
        f"no class has a threshold: that {one.precision:.0%} of its answers are right can't be "
        f"promised for {SCOPES[one.scope]} ({one.scope}), with {one.confidence:.0%} confidence; "
        f"{_fitted_to(one)}"
    )


def _fitted_to(one: ThresholdPromise) -> str:
    low, median, high = one.photos_per_event
    photos = f"{median:g}" if low == high else f"{low} to {high}, median {median:g}"
    return (
        f"fitted to {counted(one.events, 'event')} with {one.made_for.describe()} (photos per "
        f"event: {photos})"
    )


def _foreign_line(one: ThresholdPromise) -> Iterator[str]:
    if one.foreign:
        listed = sorted(one.foreign.items(), key=lambda pair: -pair[1])
        named = ", ".join(f"{name} {number:,}" for name, number in listed)
        yield (
            f"'{one.label}': {counted(sum(one.foreign.values()), 'event is', 'events are')} of "
            f"classes that the model never learnt, every answer to which counts as wrong: {named}"
        )


def _has_too_few_locations(promises: Sequence[ThresholdPromise]) -> bool:
    """Return whether nothing is promised to new locations, and there are few of them."""
    return all(
        one.scope == "new locations"
        and one.locations < MIN_LOCATIONS
        and all(found.threshold is None for found in one.classes)
        for one in promises
    )


def _given(promises: Sequence[ThresholdPromise]) -> str:
    given = sum(found.threshold is not None for one in promises for found in one.classes)
    classes = sum(len(one.classes) for one in promises)
    return f"{given} of {counted(classes, 'class', 'classes')}"
