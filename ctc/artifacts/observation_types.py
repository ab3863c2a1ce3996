"""What a class stands for, in the words of Camtrap DP's observationType; classes are called differently in every project."""

from __future__ import annotations

from functools import cache
from typing import Literal

Kind = Literal["animal", "human", "vehicle", "blank", "unknown"]

_NAMES: dict[Kind, tuple[str, ...]] = {
    "human": ("human", "humans", "person", "persons", "people", "homo sapiens"),
    "vehicle": ("vehicle", "vehicles", "car", "truck"),
    "blank": ("blank", "empty", "nothing", "nothing here", "nothinghere", "none", "no animal", "no animals"),
    "unknown": ("unknown", "unidentified", "unidentifiable", "unclassified"),
}
_KIND_OF = {name: kind for kind, names in _NAMES.items() for name in names}


@cache
def kind_of(name: str) -> Kind:
    """By the name alone, whatever its case, with spaces, hyphens or underscores; an animal when it is none of the known names."""
    return _KIND_OF.get(" ".join(name.replace("_", " ").replace("-", " ").casefold().split()), "animal")
