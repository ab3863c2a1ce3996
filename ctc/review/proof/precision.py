"""The claim that hardly any of the events that are called one class are something else."""

from __future__ import annotations

import math
from collections.abc import Callable

from ctc.artifacts.review.claims import Claim, state_of
from ctc.review.proof.season import Drawn, Group, Season
from ctc.review.proof.sequence import bounds, draws_needed, is_shown
from ctc.review.proof.strata import THRESHOLDS
from ctc.review.proof.targets import Targets

_ROUNDING = 1e-9


def precision_claim(season: Season, name: str, targets: Targets) -> Claim:
    """Return the claim of a class that the model answers."""
    chosen = of_class(name)
    events = season.stratum(chosen)
    right = events.hits(_is_right)
    least, alpha = _least(events.events, targets), targets.all_error + targets.kept_error
    found = bounds(events.events, right, alpha)
    state = state_of(found.lower >= least, found.upper < least)
    threshold = None if state == "shown" else _threshold(season, chosen, targets)
    drawn, hits = len(right), int(right.sum())
    return Claim(
        kind="precision",
        label=season.label,
        name=name,
        target=targets.precision,
        state=state,
        events=events.events,
        drawn=drawn,
        right=hits,
        estimate=hits / drawn if drawn else None,
        bound=found.lower / events.events,
        more=draws_needed(events.events, drawn, hits, least, alpha) if state == "open" else None,
        threshold=threshold,
        threshold_events=_reaching(season, chosen, threshold),
    )


def of_class(name: str) -> Callable[[Group | Drawn], bool]:
    """Return a function that tells whether the model calls an event so, and does not drop it."""
    return lambda event: event.answer == name and not event.is_blank


def _threshold(
    season: Season, chosen: Callable[[Group | Drawn], bool], targets: Targets
) -> float | None:
    for level, threshold in enumerate(THRESHOLDS, 1):
        part = season.stratum(chosen, level)
        if not part.events:
            return None
        least, right = _least(part.events, targets), part.hits(_is_right)
        if is_shown(part.events, right, least, targets.threshold_error):
            return threshold
    return None


def _reaching(
    season: Season, chosen: Callable[[Group | Drawn], bool], threshold: float | None
) -> int:
    if threshold is None:
        return 0
    return season.stratum(chosen, THRESHOLDS.index(threshold) + 1).events


def _least(events: int, targets: Targets) -> int:
    return math.ceil(targets.precision * events - _ROUNDING)


def _is_right(event: Drawn) -> bool:
    return event.is_right
