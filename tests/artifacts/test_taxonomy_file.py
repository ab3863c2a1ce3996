"""Taxonomies as people and other programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.taxonomy_file import match_classes, read_taxonomy
from ctc.errors import InputError, UsageError

UUID = "0123abcd-0000-4000-8000-0123456789ab"
CLASSES = ("cat", "red fox", "blank")
LINEAGE = {"class": "Mammalia", "order": "Carnivora", "family": "Felidae", "genus": "Felis"}


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "taxonomy.csv"
    path.write_text(text, encoding="utf-8")
    return path


def match(path: Path, *others: str):
    return match_classes(read_taxonomy(path, CLASSES), CLASSES, others)


@pytest.mark.parametrize(
    "header",
    [
        "class,taxonomic_class,order,family,genus",
        "label,class,order,family,genus",
        "name,Class,Order,Family,Genus",
        "class,class_rank,order,family,genus",
    ],
)
def test_the_class_and_the_rank_class_have_columns_of_their_own(tmp_path, header) -> None:
    path = file_of(tmp_path, f"{header}\nCat,Mammalia,Carnivora,Felidae,Felis\n")
    assert match(path).taxonomy == {"cat": LINEAGE}


def test_a_column_class_alone_is_the_class_where_it_names_one(tmp_path) -> None:
    path = file_of(tmp_path, "class,order,genus\nred_fox,Carnivora,Vulpes\n")
    assert match(path).taxonomy == {"red fox": {"order": "Carnivora", "genus": "Vulpes"}}


def test_a_list_of_gbif_is_matched_by_its_names(tmp_path) -> None:
    path = file_of(
        tmp_path,
        "taxonKey\tscientificName\ttaxonRank\tkingdom\tclass\tspecies\tvernacularName\n"
        "2435099\tPuma concolor (Linnaeus, 1771)\tSPECIES\tAnimalia\tMammalia\tPuma concolor\t\n"
        "5219243\tVulpes vulpes (Linnaeus, 1758)\tSPECIES\tAnimalia\tMammalia\t\tred fox\n",
    )
    assert match(path).taxonomy == {
        "red fox": {
            "kingdom": "Animalia",
            "class": "Mammalia",
            "genus": "Vulpes",
            "species": "Vulpes vulpes",
            "common_name": "red fox",
            "taxon_id": "https://www.gbif.org/species/5219243",
        }
    }


def test_a_scientific_name_of_a_higher_rank_is_that_rank(tmp_path) -> None:
    path = file_of(tmp_path, "label,scientificName,taxonRank\ncat,Felidae Fischer,family\n")
    assert match(path).taxonomy == {"cat": {"family": "Felidae"}}


def test_a_number_of_itis_is_an_address(tmp_path) -> None:
    path = file_of(tmp_path, "label,family,itis\ncat,Felidae,180580\n")
    assert match(path).taxonomy["cat"]["taxon_id"].endswith("search_topic=TSN&search_value=180580")


def test_labels_of_speciesnet_are_matched_by_common_or_scientific_name(tmp_path) -> None:
    path = file_of(
        tmp_path,
        f"{UUID};mammalia;carnivora;canidae;vulpes;vulpes;red fox\n"
        f"{UUID};mammalia;carnivora;felidae;felis;catus;domestic cat\n"
        f"{UUID};mammalia;carnivora;canidae;;;dog family\n"
        f"{UUID};aves;;;;;bird\n",
    )
    found = match_classes(read_taxonomy(path, ()), ("Red Fox", "felis catus"))
    assert found.taxonomy["felis catus"]["common_name"] == "domestic cat"
    assert found.taxonomy["Canidae"]["common_name"] == "dog family"
    assert sorted(found.taxonomy) == ["Canidae", "Red Fox", "felis catus"]


def test_rows_of_one_taxon_complete_each_other(tmp_path) -> None:
    path = file_of(
        tmp_path, "label,order,family\ncat,Carnivora,Felidae\nred fox,,Canidae\nx,,Felidae\n"
    )
    assert match(path, "x").taxonomy["x"] == {"order": "Carnivora", "family": "Felidae"}


def test_classes_without_a_row_and_rows_without_a_class_are_told(tmp_path) -> None:
    found = match(file_of(tmp_path, "label,family\ncat,Felidae\nserval,Felidae\nwolf,Canidae\n"))
    assert (found.missing, found.unknown) == (("red fox", "blank"), ("serval", "wolf"))
    assert match(tmp_path / "taxonomy.csv", "serval").unknown == ("wolf",)


def test_a_genus_in_two_families_is_refused(tmp_path) -> None:
    path = file_of(tmp_path, "label,family,genus\ncat,Felidae,Felis\nlion,Canidae,Felis\n")
    with pytest.raises(InputError, match="genus 'Felis' is in family 'Felidae' and in 'Canidae'"):
        read_taxonomy(path, CLASSES)


def test_a_class_twice_is_refused(tmp_path) -> None:
    path = file_of(tmp_path, "label,family\ncat,Felidae\ncat,Canidae\n")
    with pytest.raises(InputError, match="has the class 'cat' twice"):
        read_taxonomy(path, CLASSES)


def test_a_table_without_ranks_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="has no column of a rank among label, colour"):
        read_taxonomy(file_of(tmp_path, "label,colour\ncat,grey\n"), CLASSES)


def test_a_file_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"'.*nothing.csv' is not there"):
        read_taxonomy(tmp_path / "nothing.csv", CLASSES)


def test_a_broken_line_of_speciesnet_is_refused(tmp_path) -> None:
    path = file_of(tmp_path, f"{UUID};aves;;;;;bird\nbird\n")
    with pytest.raises(InputError, match=r"line 2 .* is no label of SpeciesNet"):
        read_taxonomy(path, CLASSES)
