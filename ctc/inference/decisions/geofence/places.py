"""Where and when an event was, and rules that say what lives there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ctc.artifacts.predictions import EventPrediction
from ctc.errors import UsageError, did_you_mean
from ctc.inference.decisions.geofence.countries import Country, country_names, find_country, fold
from ctc.storage.csv_reader import MISSING

COUNTRY_COLUMNS = ("country", "countryCode")
REGION_COLUMNS = ("region", "stateProvince")
NAMIBIA = "'NA' stands for a missing value: write NAM for Namibia"

_DATE = re.compile(r"\s*\d{4}[-:/](\d{1,2})(?!\d)")


class Place(NamedTuple):
    """A country by its alpha-3 code, a region as `region_key` writes it, and a month from 1.

    Each is None where it isn't known.
    """

    country: str | None = None
    region: str | None = None
    month: int | None = None


class Row(NamedTuple):
    """A place that a rule names: '' for any country or region, () for all months."""

    country: str
    region: str
    months: tuple[int, ...] = ()

    def may_hold(self, place: Place) -> bool:
        """Return whether the place may be this one: what isn't known of it may be anything."""
        return (
            (not self.country or place.country in (None, self.country))
            and (not self.region or place.region in (None, self.region))
            and (not self.months or place.month in (None, *self.months))
        )

    def must_hold(self, place: Place) -> bool:
        """Return whether the place is this one for sure."""
        return (
            self.country in ("", place.country)
            and self.region in ("", place.region)
            and (not self.months or place.month in self.months)
        )


@dataclass(frozen=True)
class Rule:
    """Where a class lives: `allow`: only there, None: everywhere; but not where `block` says."""

    allow: tuple[Row, ...] | None = None
    block: tuple[Row, ...] = ()

    def allows(self, place: Place) -> bool:
        """Return whether the class may be there."""
        if self.allow is not None and not any(row.may_hold(place) for row in self.allow):
            return False
        return not any(row.must_hold(place) for row in self.block)

    def to_json(self) -> list[Any]:
        """Return what JSON can hold."""
        return [self.allow, self.block]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Rule:
        """Parse what `to_json` returned."""
        allow, block = (
            rows and tuple(Row(one[0], one[1], tuple(one[2])) for one in rows) for rows in data
        )
        return cls(allow, block or ())


def region_key(text: str, country: Country | None) -> str:
    """Return a region for comparison: 'US-NJ' and 'NJ' are one in the United States."""
    folded = fold(text)
    first, _, rest = folded.partition(" ")
    codes = (fold(country.alpha_2), fold(country.alpha_3)) if country else ()
    return rest if rest and first in codes else folded


def parse_place(text: str) -> Place:
    """Return the place of `--country`: 'KE', 'KEN', 'Kenya', 'US-NJ'. Raises UsageError."""
    name, _, region = text.partition("-")
    whole = find_country(text)
    country = whole or find_country(name)
    if country is None:
        raise UsageError(f"--country '{text}' is not known{did_you_mean(name, country_names())}")
    return Place(country.alpha_3, region_key(region, country) if region and not whole else None)


def month_of(event: EventPrediction) -> int | None:
    """Return the month of an event: by its column 'datetime', else by its first photo with a time;
    None if it is not known."""
    texts = (event.meta.get("datetime"), *(photo.taken for photo in event.images))
    found = (_DATE.match(text) for text in texts if isinstance(text, str))
    months = (int(one.group(1)) for one in found if one)
    return next((month for month in months if 1 <= month <= 12), None)


def known_text(meta: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Return the first value that is known in one of the columns, '' for none."""
    texts = (str(meta.get(name) or "").strip() for name in columns)
    return next((text for text in texts if text not in MISSING), "")
