"""What the observations of a Camtrap DP package say, and how several become one.

Event-based rows exclude each other by the standard, so those that differ in nothing but their count are one answer with the
`total`. Media-based rows see the same animals on photo after photo, so there it is the `largest` count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from .package import Row, UnusableRowError, needed

EMPTY = "empty"
CLASS_OF_TYPE = {
    "animal": "animal",
    "human": "human",
    "vehicle": "vehicle",
    "blank": EMPTY,
    "unknown": None,
    "unclassified": None,
}
"""The species by observationType; a scientificName goes before the first three."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row says, by the names of the labels."""

    species: str | None
    count: str | None
    sex: str | None
    lifeStage: str | None  # noqa: N815 (the standard's name)
    behavior: str | None


LABELS = tuple(field.name for field in fields(Answer))


def answer_of(row: Row) -> Answer:
    """Raises UnusableRowError for what the standard doesn't know."""
    kind = needed(row, "observationType")
    if kind not in CLASS_OF_TYPE:
        raise UnusableRowError(f"its observationType '{kind}' is none of Camtrap DP's")
    named = kind in ("animal", "human", "vehicle") and row["scientificName"]
    count = re.fullmatch(r"(\d{1,9})(\.0*)?", row["count"] or "")
    if row["count"] and not count:
        raise UnusableRowError(f"its count '{row['count']}' is not a whole number")
    return Answer(
        named or CLASS_OF_TYPE[kind], count[1] if count else None, row["sex"], row["lifeStage"], row["behavior"]
    )


@lru_cache(maxsize=1 << 16)
def merged(
    answers: tuple[Answer, ...], new: Answer, combined: Callable[[str | None, str | None], str | None]
) -> tuple[Answer, ...]:
    """One answer for all that differ in nothing but their count. Cached so that millions of events share a few tuples."""
    counts = {replace(answer, count=None): answer.count for answer in answers}
    key = replace(new, count=None)
    counts[key] = combined(counts[key], new.count) if key in counts else new.count
    return tuple(replace(answer, count=count) for answer, count in counts.items())


def total(one: str | None, other: str | None) -> str | None:
    return None if one is None or other is None else str(int(one) + int(other))


def largest(one: str | None, other: str | None) -> str | None:
    return max((count for count in (one, other) if count is not None), key=int, default=None)
