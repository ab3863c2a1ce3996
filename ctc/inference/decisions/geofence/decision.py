"""Places: only the classes that live where an event was are possible.

The probabilities of all others become 0, and the rest is scaled to the sum 1, unless the label is
multi-label. A class is believed by what it had before: what other classes lost proves nothing for
it, so that no threshold is passed which it didn't pass. What isn't known of a place leaves
everything possible that lives in some such place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import UNKNOWN, EventPrediction
from ctc.errors import did_you_mean, shorten
from ctc.inference.decisions.geofence.countries import Country, country_names, find_country
from ctc.inference.decisions.geofence.places import (
    NAMIBIA,
    Place,
    Rule,
    known_text,
    month_of,
    region_key,
)
from ctc.inference.decisions.probabilities import answer, change_label, weighted
from ctc.reporting import counted

GEOFENCE, BEFORE_GEOFENCE = "geofence", "before_geofence"
MAX_TOLD = 3
"""Unknown places that the report names."""
_CODE = re.compile(r"[a-z0-9]{1,3}")

Mask = NDArray[np.bool_]


@dataclass
class _Counts:
    """What the report tells."""

    answers: int = 0
    changed: int = 0
    nothing_left: int = 0
    without_place: int = 0
    countries: Counter[str] = field(default_factory=Counter)
    regions: Counter[str] = field(default_factory=Counter)


@dataclass
class Geofence:
    """A `Decision`. `place`: of all events, as far as it is given; the columns say the rest."""

    labels: Mapping[str, Sequence[Rule | None]]
    place: Place
    country_columns: Sequence[str]
    region_columns: Sequence[str]
    has_codes: bool = False
    looks_first: bool = False
    _counts: _Counts = field(default_factory=_Counts)
    _masks: dict[Place, Mapping[str, Mask]] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Geofence:
        """Return the decision of `choose_geofence`."""
        rules = [Rule.from_json(one) for one in settings["rules"]]
        labels = {
            label: [None if number is None else rules[number] for number in numbers]
            for label, numbers in settings["labels"].items()
        }
        return cls(
            labels,
            Place(*settings["place"]),
            settings["country_columns"],
            settings["region_columns"],
            settings["has_codes"],
        )

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See `Decision`."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """See `Decision`."""
        place = self._place_of(event)
        if place not in self._masks:
            self._masks[place] = {
                label: np.array([one is None or one.allows(place) for one in rules])
                for label, rules in self.labels.items()
            }
        for label, possible in self._masks[place].items():
            event = self._fence(event, label, possible)
        return event

    def _fence(self, event: EventPrediction, label: str, possible: Mask) -> EventPrediction:
        self._counts.answers += 1
        before = answer(event, label)
        fenced = event if possible.all() else _masked(event, label, possible)
        after = answer(fenced, label)
        is_changed = before != after
        self._counts.changed += is_changed
        self._counts.nothing_left += is_changed and not fenced.probabilities[label].any()
        return fenced.with_columns(label, {BEFORE_GEOFENCE: before if is_changed else None})

    def _place_of(self, event: EventPrediction) -> Place:
        """Return where the event was, and count what isn't known of it."""
        name = "" if self.place.country else known_text(event.meta, self.country_columns)
        country = find_country(self.place.country or name) if self.place.country or name else None
        if name and country is None:
            self._counts.countries[name] += 1
        region = self.place.region or self._region_of(event, country)
        if country is None and not name and region is None:
            self._counts.without_place += 1
        return Place(country.alpha_3 if country else None, region, month_of(event))

    def _region_of(self, event: EventPrediction, country: Country | None) -> str | None:
        text = known_text(event.meta, self.region_columns)
        key = region_key(text, country)
        if text and self.has_codes and not _CODE.fullmatch(key):
            self._counts.regions[text] += 1
            return None
        return key or None

    def report(self) -> tuple[str, ...]:
        """Return what was changed, and of which places nothing could be told."""
        counts = self._counts
        answers = f"{counts.changed:,} of {counted(counts.answers, 'answer')} changed"
        left = f", {counts.nothing_left:,} of them to '{UNKNOWN}': nothing else lives there"
        lines = [f"geofence: {answers}{left if counts.nothing_left else ''}"]
        if counts.without_place:
            lines.append(
                f"geofence: {counted(counts.without_place, 'event')} without a place, where"
                f" everything stays possible ({NAMIBIA})"
            )
        lines += [
            f"geofence: unknown country '{shorten(name)}' of {counted(count, 'event')}, where"
            f" everything stays possible{did_you_mean(name, country_names())}"
            for name, count in counts.countries.most_common(MAX_TOLD)
        ]
        lines += [
            f"geofence: region '{shorten(name)}' of {counted(count, 'event')} is left out: the"
            " file has codes, such as 'NJ'"
            for name, count in counts.regions.most_common(MAX_TOLD)
        ]
        return tuple(lines)


def _masked(event: EventPrediction, label: str, possible: Mask) -> EventPrediction:
    """Return the event with the probability 0 for the classes that are not possible."""
    if label in event.multi_label:
        return change_label(event, label, lambda values: np.where(possible, values, np.float32(0)))
    weights = possible.astype(np.float64)
    fenced = change_label(event, label, lambda values: weighted(values, weights))
    left = float(event.probabilities[label].astype(np.float64) @ weights)
    fenced = replace(fenced, left={**event.left, label: event.left.get(label, 1.0) * left})
    best = int(np.argmax(fenced.probabilities[label]))
    lowest = event.thresholds[label][best] if label in event.thresholds else 0.0
    if lowest is not None and event.probabilities[label][best] >= np.float32(lowest):
        return fenced
    sure = UNKNOWN, float(fenced.probabilities[label][best])
    return fenced.with_columns(label, {}, sure)
