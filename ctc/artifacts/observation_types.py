"""Camtrap DP's observationType of a class, whose name differs between projects."""

from __future__ import annotations

from functools import cache
from typing import Literal

ObservationType = Literal["animal", "human", "vehicle", "blank", "unknown"]

OF_INDIVIDUALS = frozenset({"count", "sex", "lifeStage", "behavior"})
"""Labels, Camtrap DP's columns, that say nothing of a photo without anything in it."""

_NAMES_BY_TYPE: dict[ObservationType, tuple[str, ...]] = {
    "human": ("human", "humans", "person", "persons", "people", "homo sapiens"),
    "vehicle": ("vehicle", "vehicles", "car", "truck"),
    "blank": (
        "blank",
        "empty",
        "nothing",
        "nothing here",
        "nothinghere",
        "none",
        "no animal",
        "no animals",
    ),
    "unknown": ("unknown", "unidentified", "unidentifiable", "unclassified"),
}
_TYPE_BY_NAME = {name: kind for kind, names in _NAMES_BY_TYPE.items() for name in names}


@cache
def observation_type(name: str) -> ObservationType:
    """Return the type of a class by its name alone, `animal` for all names that are not known.

    Case is ignored, and underscores and hyphens are taken as spaces.
    """
    return _TYPE_BY_NAME.get(
        " ".join(name.replace("_", " ").replace("-", " ").casefold().split()), "animal"
    )
