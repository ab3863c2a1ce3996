"""Lineages of classes, as models of ctc and of SpeciesNet have them."""

from __future__ import annotations

from ctc.artifacts.taxonomy import (
    animal_lineages,
    lineage,
    lineage_text,
    lineages,
    lowest_rank,
    scientific_name,
    taxa,
)

CAT = {"class": "mammalia", "family": "felidae", "genus": "felis", "species": "catus"}


def test_lineage_of_an_epithet_is_the_whole_name_of_the_species() -> None:
    assert lineage(CAT) == {
        "class": "Mammalia",
        "family": "Felidae",
        "genus": "Felis",
        "species": "Felis catus",
    }


def test_lineage_of_a_whole_name_alone_has_its_genus() -> None:
    assert lineage({"species": "Felis catus"}) == {"genus": "Felis", "species": "Felis catus"}


def test_lineages_without_a_kingdom_are_animals() -> None:
    found = lineages({"cat": CAT, "animal": {}, "blank": {}})
    assert found["cat"]["kingdom"] == "Animalia"
    assert found["animal"] == {"kingdom": "Animalia"}
    assert found["blank"] == {}


def test_animal_lineages_leave_people_out() -> None:
    assert animal_lineages({"human": {"family": "hominidae"}}) == {"human": {}}


def test_lowest_rank_and_scientific_name() -> None:
    ranks = lineage({"order": "carnivora", "family": "felidae"})
    assert (lowest_rank(ranks), scientific_name(ranks)) == ("family", "Felidae")
    assert (lowest_rank({}), scientific_name({})) == ("", "")


def test_lineage_text_has_a_place_for_each_rank() -> None:
    assert lineage_text(lineage(CAT)) == ";;Mammalia;;Felidae;Felis;Felis catus"


def test_taxa_name_the_entry_that_describes_each() -> None:
    found = taxa({"cat": CAT, "Felidae": {"family": "Felidae", "common_name": "cats"}})
    assert found == {("species", "Felis catus"): "cat", ("family", "Felidae"): "Felidae"}
