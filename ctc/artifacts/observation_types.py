"""What a class stands for, in the words of Camtrap DP's observationType; classes are called
differently in every project."""

from __future__ import annotations

from functools import cache
from typing import Literal

ObservationType = Literal["animal", "human", "vehicle", "blank", "unknown"]

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
    """By the name alone, whatever its case, with spaces, hyphens or underscores; an animal when it
    is none of the known names."""
    return _TYPE_BY_NAME.get(
        " ".join(name.replace("_", " ").replace("-", " ").casefold().split()), "animal"
    )
