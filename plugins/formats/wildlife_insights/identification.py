"""What Wildlife Insights says is in an image or a sequence, as labels.

Its taxonomy has ranks from `class` to `species`, of which the lowest is the answer, and names
without any rank: Blank, Human and its kinds, Vehicle, Animal, No CV Result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctc.artifacts.observation_types import observation_type

from ..individuals import read_count

SCIENTIFIC, COMMON = "scientific", "common"
SPECIES, COUNT, SEX, LIFE_STAGE = "species", "count", "sex", "lifeStage"
OPTIONAL = {COUNT: ("number_of_objects", "group_size"), SEX: ("sex",), LIFE_STAGE: ("age",)}
"""Labels that only some downloads have, and their columns, named as Camtrap DP names them."""
EMPTY = "empty"
_RANKS = ("genus", "family", "order", "class")
_NO_RESULT = "no cv result"
_NONE = frozenset(("", "unknown", "na", "n/a", "null", "none", _NO_RESULT))
_TRUE = frozenset(("1", "true", "yes", "t"))
_COMPUTER = "computer vision"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Identification:
    """The labels of a row; `species`: None where nothing was identified. `bad_count`: a count that
    is none, '' for one that is."""

    species: str | None
    count: str | None
    sex: str | None
    life_stage: str | None
    is_by_computer: bool
    bad_count: str = ""

    def labels(self, optional: frozenset[str]) -> dict[str, str | None]:
        """Return the class of each label; `optional`: which of OPTIONAL there are."""
        every = {COUNT: self.count, SEX: self.sex, LIFE_STAGE: self.life_stage}
        return {
            SPECIES: self.species,
            **{name: every[name] for name in OPTIONAL if name in optional},
        }


def identify(row: Row, names: str) -> Identification:
    """Read the identification of a row; `names`: SCIENTIFIC or COMMON names of animals."""
    species = _species(row, names)
    optional = {label: _value(row, label) if species != EMPTY else None for label in OPTIONAL}
    by, text = row.get("identified_by", "").casefold(), optional[COUNT]
    count = None if text is None else read_count(text)
    bad = text if text is not None and count is None else ""
    return Identification(species, count, optional[SEX], optional[LIFE_STAGE], _COMPUTER in by, bad)


def _species(row: Row, names: str) -> str | None:
    common = row.get("common_name", "").strip()
    kind = "human" if common.casefold().startswith("human") else observation_type(common)
    if row.get("is_blank", "").strip().casefold() in _TRUE or (common and kind == "blank"):
        return EMPTY
    taxon = _scientific_name(row)
    if kind in ("human", "vehicle") or taxon.split(" ")[0] == "Homo":
        return "vehicle" if kind == "vehicle" else "human"
    known = "" if common.casefold() in _NONE or kind == "unknown" else common
    known = "animal" if known.casefold() == "animal" else known
    return (taxon or known if names == SCIENTIFIC else known or taxon) or None


def _scientific_name(row: Row) -> str:
    """Return the name of the lowest rank, '' without any; of a species with that of its genus."""
    ranks = {rank: _known(row.get(rank, "")) for rank in (*_RANKS, "species")}
    if ranks["genus"] and ranks["species"]:
        return f"{ranks['genus']} {ranks['species']}"
    return next((ranks[rank] for rank in _RANKS if ranks[rank]), "")


def _value(row: Row, label: str) -> str | None:
    text = next((row[column] for column in OPTIONAL[label] if row.get(column)), "")
    return _known(text if label == COUNT else text.lower()) or None


def _known(text: str) -> str:
    return "" if text.strip().casefold() in _NONE else text.strip()
