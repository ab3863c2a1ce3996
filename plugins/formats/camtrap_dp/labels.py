"""What the observations of a Camtrap DP package say, and how several become one.

Event-based rows exclude each other by the standard, so those that differ in nothing but their count
are one answer with the `sum_counts`. Media-based rows see the same animals on photo after photo, so
there it is the `max_count` count."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from .package import CsvRow, UnusableRowError, require_value

EMPTY = "empty"
SPECIES_BY_TYPE = {
    "animal": "animal",
    "human": "human",
    "vehicle": "vehicle",
    "blank": EMPTY,
    "unknown": None,
    "unclassified": None,
}
"""The species by observationType; a scientificName goes before the first three."""


@dataclass(frozen=True, slots=True)
class ObservationLabels:
    """What a row says, by the names of the labels."""

    species: str | None
    count: str | None
    sex: str | None
    lifeStage: str | None  # noqa: N815 (the standard's name)
    behavior: str | None


LABELS = tuple(field.name for field in fields(ObservationLabels))


def parse_labels(row: CsvRow) -> ObservationLabels:
    """Raises UnusableRowError for what the standard doesn't know."""
    kind = require_value(row, "observationType")
    if kind not in SPECIES_BY_TYPE:
        raise UnusableRowError(f"its observationType '{kind}' is none of Camtrap DP's")
    named = kind in ("animal", "human", "vehicle") and row["scientificName"]
    count = re.fullmatch(r"(\d{1,9})(\.0*)?", row["count"] or "")
    if row["count"] and not count:
        raise UnusableRowError(f"its count '{row['count']}' is not a whole number")
    return ObservationLabels(
        named or SPECIES_BY_TYPE[kind],
        count[1] if count else None,
        row["sex"],
        row["lifeStage"],
        row["behavior"],
    )


@lru_cache(maxsize=1 << 16)
def merge_labels(
    answers: tuple[ObservationLabels, ...],
    new: ObservationLabels,
    combine_counts: Callable[[str | None, str | None], str | None],
) -> tuple[ObservationLabels, ...]:
    """One answer for all that differ in nothing but their count. Cached so that millions of events
    share a few tuples."""
    counts = {replace(answer, count=None): answer.count for answer in answers}
    key = replace(new, count=None)
    counts[key] = combine_counts(counts[key], new.count) if key in counts else new.count
    return tuple(replace(answer, count=count) for answer, count in counts.items())


def sum_counts(one: str | None, other: str | None) -> str | None:
    return None if one is None or other is None else str(int(one) + int(other))


def max_count(one: str | None, other: str | None) -> str | None:
    return max((count for count in (one, other) if count is not None), key=int, default=None)
