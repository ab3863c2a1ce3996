"""The claim that hardly any of the events with animals are called empty, or dropped."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.artifacts.review.claims import Claim, state_of
from ctc.review.proof.season import Drawn, Group, Season, Stratum
from ctc.review.proof.sequence import Bounds, bounds, draws_needed, is_shown
from ctc.review.proof.strata import THRESHOLDS
from ctc.review.proof.targets import Targets

MIN_KEPT = 100
"""Events of other answers that are drawn, to know how many animals there are."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class _Kept:
    """The events that are not called empty: how many were drawn, and how many have an animal."""

    stratum: Stratum
    animals: Bounds
    expected: float

    @classmethod
    def of(cls, season: Season, targets: Targets) -> _Kept:
        stratum = season.stratum(is_kept)
        hits = stratum.hits(_has_animal)
        share = hits.mean() if len(hits) else 1.0
        found = bounds(stratum.events, hits, targets.kept_error)
        return cls(stratum, found, float(share * stratum.events))

    @property
    def to_draw(self) -> int:
        return max(0, min(MIN_KEPT, self.stratum.events) - len(self.stratum.drawn))


def animals_lost_claim(season: Season, targets: Targets) -> Claim | None:
    """Return the claim about the events that are called empty; None if there are none."""
    blanks = season.stratum(is_blank)
    if not blanks.events:
        return None
    kept, empty = _Kept.of(season, targets), blanks.hits(_is_empty)
    found = bounds(blanks.events, empty, targets.all_error)
    worst = _share(blanks.events - found.lower, kept.animals.lower)
    best = _share(blanks.events - found.upper, kept.animals.upper)
    state = state_of(worst <= targets.animals_lost, best > targets.animals_lost)
    threshold = None if state == "shown" else _threshold(season, kept, targets)
    is_open = state == "open"
    return Claim(
        kind="animals lost",
        label=season.label,
        name=" and ".join(sorted({one.answer for one in season.groups if one.is_blank})),
        target=targets.animals_lost,
        state=state,
        events=blanks.events,
        drawn=len(empty),
        right=int(empty.sum()),
        estimate=_share((1 - empty.mean()) * blanks.events, kept.expected) if len(empty) else None,
        bound=worst,
        more=_more(blanks, kept, targets) if is_open else None,
        threshold=threshold,
        threshold_events=_reaching(season, threshold),
        to_draw=kept.to_draw if is_open else 0,
        others=kept.stratum.events,
    )


def is_blank(event: Group | Drawn) -> bool:
    """Return whether the model calls an event empty, or dropped it."""
    return event.is_blank


def is_kept(event: Group | Drawn) -> bool:
    """Return whether the model answers something else."""
    return not event.is_blank


def _more(blanks: Stratum, kept: _Kept, targets: Targets) -> int | None:
    """Return how many more blanks show the claim, when as many animals as expected are kept."""
    animals = kept.expected if kept.to_draw else kept.animals.lower
    empty = sum(map(_is_empty, blanks.drawn))
    least = max(0, blanks.events - _allowed(animals, targets))
    return draws_needed(blanks.events, len(blanks.drawn), empty, least, targets.all_error)


def _allowed(kept: float, targets: Targets) -> int:
    """Return how many animals may be lost if so many are kept."""
    return math.floor(kept * targets.animals_lost / (1 - targets.animals_lost) + _ROUNDING)


def _threshold(season: Season, kept: _Kept, targets: Targets) -> float | None:
    for level, threshold in enumerate(THRESHOLDS, 1):
        part = season.stratum(is_blank, level)
        if not part.events:
            return None
        least = max(0, part.events - _allowed(kept.animals.lower, targets))
        if is_shown(part.events, part.hits(_is_empty), least, targets.threshold_error):
            return threshold
    return None


def _reaching(season: Season, threshold: float | None) -> int:
    if threshold is None:
        return 0
    return season.stratum(is_blank, THRESHOLDS.index(threshold) + 1).events


def _share(lost: float, kept: float) -> float:
    """Return the share of all animals that is lost; 1 if nothing is known of those kept."""
    if lost <= 0:
        return 0.0
    return float(lost / (lost + kept))


def _is_empty(event: Drawn) -> bool:
    return event.is_empty


def _has_animal(event: Drawn) -> bool:
    return event.has_animal
