"""Geofence files: where the classes of a model live.

A CSV has the columns `class`, and `country`, `region` or both; maybe `from` and `to`, months from
1 to 12, and `label`. SpeciesNet's form is a JSON object: "class;order;family;genus;species" →
{"allow": {"KEN": [], "USA": ["NJ", …]}, "block": {…}}, countries by their alpha-3 codes
(https://github.com/google/cameratrapai, `geofence_utils.py`).

A name in the file is that of a class, its scientific or common name, or a taxon that it belongs
to; the nearest taxon with rules decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.artifacts.taxonomy import COMMON_NAME, RANKS, Taxonomy, lineages, scientific_name
from ctc.errors import InputError, UsageError, did_you_mean, shorten
from ctc.inference.decisions.geofence.countries import country_names, find_country, fold
from ctc.inference.decisions.geofence.places import NAMIBIA, Row, Rule, region_key
from ctc.storage.csv_reader import CsvTable, open_table
from ctc.storage.json_file import read_object

KNOWN_COLUMNS = ("label", "class", "country", "region", "from", "to")
_SEPARATORS = 4
"""Of a taxon of SpeciesNet, whose parts are those of its labels without id and common name."""

ClassNames = Sequence[tuple[str, ...]]
"""The names that a class is known by, then those of the taxa above it, the nearest first."""
Names = Mapping[str, Sequence[ClassNames]]
"""The names of each class, by label."""


@dataclass(frozen=True)
class GeofenceRules:
    """The rules of a file for a model.

    `labels`: per label the rule of each class, None without one; only labels with a rule.
    `has_codes`: whether its regions are codes, such as 'NJ', and no names.
    """

    labels: Mapping[str, tuple[Rule | None, ...]]
    has_codes: bool


def read_geofence(
    path: Path, labels: Mapping[str, tuple[str, ...]], taxonomies: Mapping[str, Taxonomy]
) -> GeofenceRules:
    """Read a geofence file for the classes of `labels`, whose taxonomies are given by label.

    Raises CtcError for a file that can't be read, or names no class of the model; and for a class,
    country or month in a CSV that is unknown.
    """
    names: Names = {
        label: [class_names(name, taxonomies.get(label, {})) for name in classes]
        for label, classes in labels.items()
    }
    if path.suffix.lower() == ".json":
        by_name = _read_json(path)
        found = {label: _match(ours, by_name) for label, ours in names.items()}
        has_codes = True
    else:
        found, has_codes = _read_csv(path, labels, names), False
    kept = {label: rules for label, rules in found.items() if any(rules)}
    if not kept:
        raise InputError(
            f"'{path}' has no rule for a class of the model: name the classes, or give the model"
            " their scientific names with `ctc calibrate --taxonomy`"
        )
    return GeofenceRules(kept, has_codes)


def class_names(name: str, taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    """Return the names of a class, folded: its own, then those of the taxa above, nearest first."""
    ranks = lineages(taxonomy).get(name, {}) if name in taxonomy else {}
    own = (name, scientific_name(ranks), taxonomy.get(name, {}).get(COMMON_NAME, ""))
    above = [ranks[rank] for rank in reversed(RANKS) if rank in ranks][1:]
    return [tuple(fold(one) for one in own if one), *((fold(one),) for one in above)]


def _match(names: Sequence[ClassNames], by_name: Mapping[str, Rule]) -> tuple[Rule | None, ...]:
    return tuple(
        next((by_name[one] for level in levels for one in level if one in by_name), None)
        for levels in names
    )


def _read_csv(
    path: Path, labels: Mapping[str, tuple[str, ...]], names: Names
) -> dict[str, tuple[Rule | None, ...]]:
    table = open_table(path)
    _check_columns(table)
    rows: dict[str, dict[str, list[Row]]] = {label: {} for label in labels}
    for line, cells in table.rows():
        cell = {name: cells[at].strip() for name, at in table.columns.items()}
        where = f"'{path}' line {line}"
        for label in _labels_of(where, cell, labels, names):
            rows[label].setdefault(fold(cell["class"]), []).append(_to_row(where, cell))
    return {
        label: _match(names[label], {name: Rule(tuple(found)) for name, found in own.items()})
        for label, own in rows.items()
    }


def _check_columns(table: CsvTable) -> None:
    for name in table.columns:
        if name not in KNOWN_COLUMNS:
            near = did_you_mean(name, KNOWN_COLUMNS)
            raise InputError(f"'{table.path}' has a column '{name}' that a geofence has not{near}")
    if "class" not in table.columns or not {"country", "region"} & table.columns.keys():
        raise InputError(
            f"'{table.path}' is no geofence: it needs the columns class, and country or region"
        )
    if len({"from", "to"} & table.columns.keys()) == 1:
        raise InputError(f"'{table.path}' has one of the columns from and to: it needs both")


def _labels_of(
    where: str, cell: Mapping[str, str], labels: Mapping[str, tuple[str, ...]], names: Names
) -> list[str]:
    """Return the labels that have the class of a row; raises UsageError for none."""
    wanted = cell.get("label", "")
    if wanted and wanted not in labels:
        raise UsageError(f"{where}: unknown label '{wanted}'{did_you_mean(wanted, labels)}")
    searched = [wanted] if wanted else list(labels)
    name = fold(cell["class"])
    found = [
        label
        for label in searched
        if any(name in level for levels in names[label] for level in levels)
    ]
    if not found:
        near = did_you_mean(cell["class"], {one for label in searched for one in labels[label]})
        raise UsageError(f"{where}: unknown class '{shorten(cell['class'])}'{near}")
    return found


def _to_row(where: str, cell: Mapping[str, str]) -> Row:
    name, region = cell.get("country", ""), cell.get("region", "")
    if name == "NA":
        raise UsageError(f"{where}: {NAMIBIA}")
    country = find_country(name) if name else None
    if name and country is None:
        near = did_you_mean(name, country_names())
        raise UsageError(f"{where}: unknown country '{shorten(name)}'{near}")
    months = _months(where, cell.get("from", ""), cell.get("to", ""))
    if not (country or region or months):
        raise UsageError(f"{where}: neither country, region nor months are given")
    return Row(country.alpha_3 if country else "", region_key(region, country), months)


def _months(where: str, first: str, last: str) -> tuple[int, ...]:
    """Return the months from `first` to `last`, which may be over the end of a year."""
    if not first and not last:
        return ()
    for text in (first, last):
        if not (text.isdecimal() and 1 <= int(text) <= 12):
            raise UsageError(f"{where}: from and to are months, 1 to 12, not '{shorten(text)}'")
    start, end = int(first), int(last)
    return tuple((start - 1 + step) % 12 + 1 for step in range((end - start) % 12 + 1))


def _read_json(path: Path) -> dict[str, Rule]:
    """Return the rules of a file of SpeciesNet by the folded name of their taxon."""
    found = {}
    for taxon, entry in read_object(path, "a geofence, as SpeciesNet's").items():
        where = f"'{path}': '{shorten(taxon)}'"
        if taxon.count(";") != _SEPARATORS or not isinstance(entry, dict):
            raise InputError(f"{where} is no taxon 'class;order;family;genus;species' with rules")
        allow = tuple(_json_rows(where, entry.get("allow")))
        block = tuple(_json_rows(where, entry.get("block")))
        found[_taxon_name(taxon)] = Rule(allow or None, block)
    return found


def _taxon_name(taxon: str) -> str:
    """Return the folded name of a taxon: of a species genus and epithet, else its last part."""
    parts = [part for part in taxon.split(";") if part]
    is_species = bool(taxon.rpartition(";")[2])
    return fold(" ".join(parts[-2:] if is_species else parts[-1:]))


def _json_rows(where: str, countries: Any) -> Iterator[Row]:
    if not isinstance(countries, dict | None):
        raise InputError(f"{where}: its rules are no object of countries")
    for code, regions in (countries or {}).items():
        country = find_country(code)
        if country is None:
            near = did_you_mean(code, country_names())
            raise UsageError(f"{where}: unknown country '{shorten(code)}'{near}")
        if not isinstance(regions, list):
            raise InputError(f"{where}: the regions of '{code}' are no list")
        for region in regions or [""]:
            yield Row(country.alpha_3, region_key(str(region), country))
