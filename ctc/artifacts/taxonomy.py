"""Taxonomies: where the classes of a label stand in the tree of life.

A taxonomy maps names to entries, `{"red fox": {"class": "mammalia", …, "common_name": …}}`: the
ranks that are known, and maybe a common name and an id. It may hold further entries: classes that
the model doesn't know, and taxa above its classes, for their common names and ids. SpeciesNet
writes ranks in lower case and of a species the epithet alone; `lineages` evens that out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ctc.artifacts.observation_types import observation_type

SPECIESNET_RANKS = ("class", "order", "family", "genus", "species")
RANKS = ("kingdom", "phylum", *SPECIESNET_RANKS)
"""From the root of the tree down."""
COMMON_NAME, TAXON_ID = "common_name", "taxon_id"
ENTRY_KEYS = (*RANKS, COMMON_NAME, TAXON_ID)

Taxonomy = Mapping[str, Mapping[str, str]]
"""Name → rank, COMMON_NAME or TAXON_ID → text."""
Lineage = Mapping[str, str]
"""Rank → scientific name, in the order of RANKS, of those that are known."""

_ANIMALS = ("animal", "animals")
_ANIMAL_KINGDOM = "Animalia"


def lineage(entry: Mapping[str, str]) -> dict[str, str]:
    """Return an entry's ranks as they are written: 'Felidae', 'Felis', 'Felis catus'."""
    found = {rank: entry[rank].capitalize() for rank in RANKS if entry.get(rank)}
    species = found.pop("species", "")
    if species and "genus" not in found and " " in species:
        found["genus"] = species.split()[0]
    if species:
        genus = found.get("genus", "")
        found["species"] = species if " " in species or not genus else f"{genus} {species.lower()}"
    return found


def lineages(taxonomy: Taxonomy) -> dict[str, Lineage]:
    """Return the lineage of each entry, empty where none is known.

    Where no entry names a kingdom, as in SpeciesNet's labels, it is that of the animals. A class
    that is called 'animal' has no more than the kingdom.
    """
    found = {name: lineage(entry) for name, entry in taxonomy.items()}
    named = sorted({one["kingdom"] for one in found.values() if "kingdom" in one})
    kingdom = _ANIMAL_KINGDOM if not named else named[0] if len(named) == 1 else ""
    return {
        name: {"kingdom": kingdom, **one} if kingdom and (one or _is_any_animal(name)) else one
        for name, one in found.items()
    }


def animal_lineages(taxonomy: Taxonomy) -> dict[str, Lineage]:
    """Return the lineages of animals: people, vehicles and blanks have none, and stand alone."""
    return {
        name: one if observation_type(name) == "animal" else {}
        for name, one in lineages(taxonomy).items()
    }


def lowest_rank(ranks: Lineage) -> str:
    """Return the lowest rank that is known, '' for none."""
    return next((rank for rank in reversed(RANKS) if rank in ranks), "")


def scientific_name(ranks: Lineage) -> str:
    """Return the name of the lowest rank that is known, '' for none."""
    return ranks.get(lowest_rank(ranks), "")


def lineage_down_to(ranks: Lineage, rank: str) -> Lineage:
    """Return the part of a lineage from the root down to a rank."""
    kept = RANKS[: RANKS.index(rank) + 1]
    return {name: value for name, value in ranks.items() if name in kept}


def lineage_text(ranks: Lineage) -> str:
    """Return the names of all RANKS with ';' between, empty where one is not known."""
    return ";".join(ranks.get(rank, "") for rank in RANKS)


def taxa(taxonomy: Taxonomy) -> dict[tuple[str, str], str]:
    """Return, by rank and scientific name, the entry that describes just this taxon."""
    found: dict[tuple[str, str], str] = {}
    for name, ranks in lineages(taxonomy).items():
        if ranks:
            found.setdefault((lowest_rank(ranks), scientific_name(ranks)), name)
    return found


def scientific_names(taxonomy: Taxonomy) -> dict[str, str]:
    """Return the scientific name of each entry that has one."""
    return {name: scientific_name(ranks) for name, ranks in lineages(taxonomy).items() if ranks}


class Taxon(NamedTuple):
    """A taxon: its rank, its lineage down to that, and the entry about it, which may be empty."""

    rank: str
    lineage: Lineage
    entry: Mapping[str, str]


def taxa_by_name(taxonomy: Taxonomy) -> dict[str, Taxon]:
    """Return all taxa of the tree, by scientific name."""
    known = taxa(taxonomy)
    return {
        name: Taxon(
            rank, lineage_down_to(ranks, rank), taxonomy.get(known.get((rank, name), ""), {})
        )
        for ranks in lineages(taxonomy).values()
        for rank, name in ranks.items()
    }


def speciesnet_label(ranks: Lineage, name: str) -> str:
    """Return SpeciesNet's text of a taxon without an id: lower case, of a species the epithet."""
    values = {rank: text.lower() for rank, text in ranks.items()}
    values["species"] = values.get("species", "").removeprefix(f"{values.get('genus', '')} ")
    return ";".join(["", *(values.get(rank, "") for rank in SPECIESNET_RANKS), name])


def _is_any_animal(name: str) -> bool:
    return name.strip().casefold() in _ANIMALS
