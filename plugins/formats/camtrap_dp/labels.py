"""Labels of Camtrap DP observations, and how several are merged.

Event-based rows exclude each other by the standard: those that differ only in their count become
one with the sum of the counts (`sum_counts`). Media-based rows show the same animals on photo after
photo: there the largest count is taken (`max_count`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from ctc.artifacts.camtrap_dp.package import BOX_COLUMNS, CsvRow
from ctc.plugin import Box

from .rows import UnusableRowError, require_value

CombineCounts = Callable[[str | None, str | None], str | None]
EMPTY = "empty"
SPECIES_BY_TYPE = {
    "animal": "animal",
    "human": "human",
    "vehicle": "vehicle",
    "blank": EMPTY,
    "unknown": None,
    "unclassified": None,
}
"""Species by observationType; a scientificName replaces the first three."""


BOX_TOLERANCE = 0.001
"""How far a box may reach beyond its photo, by rounding."""


@dataclass(frozen=True, slots=True)
class ObservationLabels:
    """Labels of one row, named as the columns of the standard."""

    species: str | None
    count: str | None
    sex: str | None
    lifeStage: str | None  # noqa: N815 (the standard's name)
    behavior: str | None


LABELS = tuple(field.name for field in fields(ObservationLabels))


def parse_labels(row: CsvRow) -> ObservationLabels:
    """Return the labels of a row; raises UnusableRowError for values not in the standard."""
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


def parse_box(row: CsvRow) -> Box | None:
    """Return the box of a media-based row, None without one.

    Raises UnusableRowError for a box that is not within the photo.
    """
    texts = [row[name] for name in BOX_COLUMNS]
    if None in texts:
        return None
    try:
        left, top, width, height = (float(text or "") for text in texts)
    except ValueError:
        raise UnusableRowError("its bbox is not four numbers") from None
    fits = min(left, top) >= 0 and min(width, height) > 0
    if not fits or max(left + width, top + height) > 1 + BOX_TOLERANCE:
        raise UnusableRowError("its bbox is not within the photo, as fractions from 0 to 1")
    confidence = _share(row["classificationProbability"])
    return Box(left, top, width, height, confidence=confidence)


def is_by_machine(row: CsvRow) -> bool:
    """Return whether a row says that a machine classified it."""
    return row["classificationMethod"] == "machine"


def _share(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


@lru_cache(maxsize=1 << 16)
def merge_labels(
    answers: tuple[ObservationLabels, ...],
    new: ObservationLabels,
    combine_counts: CombineCounts,
) -> tuple[ObservationLabels, ...]:
    """Add `new` to the labels of an event; those that differ only in their count become one.

    Cached so that millions of events share a few tuples.
    """
    counts = {replace(answer, count=None): answer.count for answer in answers}
    key = replace(new, count=None)
    counts[key] = combine_counts(counts[key], new.count) if key in counts else new.count
    return tuple(replace(answer, count=count) for answer, count in counts.items())


def sum_counts(one: str | None, other: str | None) -> str | None:
    """Return the sum of two counts, None when either is unknown."""
    return None if one is None or other is None else str(int(one) + int(other))


def max_count(one: str | None, other: str | None) -> str | None:
    """Return the larger of two counts, or the known one."""
    return max((count for count in (one, other) if count is not None), key=int, default=None)
