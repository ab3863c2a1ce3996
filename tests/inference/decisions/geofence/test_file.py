"""Geofence files of both forms, and what is wrong with some."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctc.errors import CtcError
from ctc.inference.decisions.geofence.file import read_geofence
from ctc.inference.decisions.geofence.places import Place

LABELS = {"species": ("lion", "Panthera onca", "cat", "blank"), "count": ("1", "2+")}
TAXONOMY = {
    "species": {
        "lion": {
            "class": "mammalia",
            "order": "carnivora",
            "family": "felidae",
            "genus": "panthera",
            "species": "leo",
            "common_name": "African lion",
        },
        "cat": {"class": "mammalia", "order": "carnivora", "family": "felidae"},
    }
}
KENYA, BRAZIL = Place("KEN"), Place("BRA")


def allowed(path: Path, place: Place) -> list[bool | None]:
    rules = read_geofence(path, LABELS, TAXONOMY).labels["species"]
    return [None if rule is None else rule.allows(place) for rule in rules]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def speciesnet(path: Path, **taxa: dict[str, dict[str, list[str]]]) -> Path:
    names = {"species": "mammalia;carnivora;felidae;panthera;leo"}
    names |= {"family": "mammalia;carnivora;felidae;;"}
    return write(path, json.dumps({names[rank]: entry for rank, entry in taxa.items()}))


def test_csv_class_without_rows_has_no_rule(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "class,country\nlion,KE\nPanthera onca,Brazil\n")
    assert allowed(path, KENYA) == [True, False, None, None]
    assert allowed(path, BRAZIL) == [False, True, None, None]


@pytest.mark.parametrize("name", ["LION", "african lion", "Panthera leo", "panthera_leo"])
def test_csv_finds_a_class_by_each_of_its_names(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "f.csv", f"class,country\n{name},KEN\n")
    assert allowed(path, BRAZIL) == [False, None, None, None]


def test_csv_rows_of_a_taxon_are_for_its_classes_without_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "class,country\nFelidae,BR\nlion,KE\n")
    assert allowed(path, BRAZIL) == [False, None, True, None]


def test_csv_months_over_the_end_of_a_year(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "class,country,from,to\nlion,KE,11,2\n")
    (rule, *_) = read_geofence(path, LABELS, TAXONOMY).labels["species"]
    assert rule is not None
    months = [month for month in range(1, 13) if rule.allows(Place("KEN", None, month))]
    assert months == [1, 2, 11, 12]
    assert rule.allows(KENYA)


def test_csv_region_of_any_country(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "class,region\nlion,Serengeti\n")
    assert allowed(path, Place("TZA", "serengeti")) == [True, None, None, None]
    assert allowed(path, Place(None, "narok")) == [False, None, None, None]


def test_csv_label_where_two_have_the_class(tmp_path: Path) -> None:
    labels = {"species": ("cat",), "largest": ("cat",)}
    path = write(tmp_path / "f.csv", "label,class,country\nlargest,cat,KE\n")
    assert list(read_geofence(path, labels, {}).labels) == ["largest"]


def test_json_allows_the_countries_that_it_lists(tmp_path: Path) -> None:
    path = speciesnet(tmp_path / "f.json", species={"allow": {"KEN": [], "TZA": []}})
    assert allowed(path, KENYA) == [True, None, None, None]
    assert allowed(path, BRAZIL) == [False, None, None, None]


def test_json_regions(tmp_path: Path) -> None:
    path = speciesnet(
        tmp_path / "f.json", species={"allow": {"USA": ["CA", "NJ"]}, "block": {"USA": ["NJ"]}}
    )
    found = [allowed(path, Place("USA", region))[0] for region in ("ca", "nj", "tx", None)]
    assert found == [True, False, False, True]


def test_json_block_of_a_country(tmp_path: Path) -> None:
    path = speciesnet(tmp_path / "f.json", species={"block": {"BRA": []}})
    assert [allowed(path, place)[0] for place in (BRAZIL, KENYA, Place())] == [False, True, True]


def test_json_nearest_taxon_decides(tmp_path: Path) -> None:
    path = speciesnet(
        tmp_path / "f.json", species={"allow": {"KEN": []}}, family={"allow": {"BRA": []}}
    )
    assert allowed(path, BRAZIL) == [False, None, True, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,country\nlio,KE\n", "'f.csv' line 2: unknown class 'lio': did you mean 'lion'?"),
        (
            "class,country\nlion,KE\nlion,Kenja\n",
            "'f.csv' line 3: unknown country 'Kenja': did you mean 'Kenya'?",
        ),
        (
            "class,country\nlion,NA\n",
            "'f.csv' line 2: 'NA' stands for a missing value: write NAM for Namibia",
        ),
        (
            "class,country,from,to\nlion,KE,0,3\n",
            "'f.csv' line 2: from and to are months, 1 to 12, not '0'",
        ),
        (
            "class,country,from\nlion,KE,1\n",
            "'f.csv' has one of the columns from and to: it needs both",
        ),
        (
            "class,county\nlion,KE\n",
            "'f.csv' has a column 'county' that a geofence has not: did you mean 'country'?",
        ),
        (
            "class,from,to\nlion,1,2\n",
            "'f.csv' is no geofence: it needs the columns class, and country or region",
        ),
        (
            "class,country\nlion,\n",
            "'f.csv' line 2: neither country, region nor months are given",
        ),
        (
            "label,class,country\nspecie,lion,KE\n",
            "'f.csv' line 2: unknown label 'specie': did you mean 'species'?",
        ),
    ],
)
def test_csv_errors(tmp_path: Path, monkeypatch, text: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CtcError) as caught:
        read_geofence(write(Path("f.csv"), text), LABELS, TAXONOMY)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "'f.json' is not a geofence, as SpeciesNet's: a list, not a JSON object"),
        (
            '{"lion": {"allow": {}}}',
            "'f.json': 'lion' is no taxon 'class;order;family;genus;species' with rules",
        ),
        (
            '{";;felidae;;": {"allow": {"Kenja": []}}}',
            "'f.json': ';;felidae;;': unknown country 'Kenja': did you mean 'Kenya'?",
        ),
        (
            '{";;canidae;;": {"allow": {"KEN": []}}}',
            (
                "'f.json' has no rule for a class of the model: name the classes, or give the model"
                " their scientific names with `ctc calibrate --taxonomy`"
            ),
        ),
    ],
)
def test_json_errors(tmp_path: Path, monkeypatch, text: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CtcError) as caught:
        read_geofence(write(Path("f.json"), text), LABELS, TAXONOMY)
    assert str(caught.value) == message
