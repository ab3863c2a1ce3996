"""Read a taxonomy: a CSV with a row per class, or SpeciesNet's label strings.

A CSV has columns for the class and for its ranks, in the spellings of ctc, GBIF's species lists and
Camtrap DP's `taxonomic`. The column `class` is the model's class or the rank: it is the rank where
another column names the class (`label`, `name`, …), and the class where another one has the rank
(`taxonomic_class`, …); where it is alone, it is what its values say. A line of SpeciesNet is
`uuid;class;order;family;genus;species;common name`. A file without a column for the class matches
classes by common or scientific name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.taxonomy import (
    COMMON_NAME,
    RANKS,
    SPECIESNET_RANKS,
    TAXON_ID,
    Taxonomy,
    animal_lineages,
    lineage,
    lowest_rank,
    scientific_name,
)
from ctc.errors import InputError, UsageError, reason, shorten
from ctc.storage.csv_reader import MISSING, read_rows
from ctc.storage.remote_files import local_copy
from ctc.storage.text_encoding import detect_encoding

MAX_LISTED = 5
CLASS_COLUMNS = ("label", "modelclass", "classname", "prediction", "name", "class")
"""Of the model's class, as all columns without case, blanks and signs, the first found."""
CLASS_RANK_COLUMNS = ("taxonomicclass", "taxonclass", "classrank", "class")
COMMON_COLUMNS = ("commonname", "vernacularname", "vernacularnameseng", "vernacularnamesen")
ID_COLUMNS = (
    "taxonid",
    "gbifid",
    "gbif",
    "taxonkey",
    "gbifkey",
    "itisid",
    "itis",
    "itistsn",
    "tsn",
)
_SCIENTIFIC, _RANK = "scientificname", "taxonrank"
_GBIF, _ITIS = (
    "https://www.gbif.org/species/",
    "https://www.itis.gov/servlet/SingleRpt/SingleRpt?search_topic=TSN&search_value=",
)
_SPECIES_RANKS = ("", "species", "subspecies", "form", "variety")
_BINOMIAL = re.compile(r"[A-Z][a-z-]+ [a-z-]+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SPECIESNET_FIELDS = 7


@dataclass(frozen=True)
class TaxonRow:
    """A row of a taxonomy: its class, '' where it names none; other names; and its entry."""

    label: str
    names: tuple[str, ...]
    entry: Mapping[str, str]

    @property
    def taxon(self) -> tuple[str, str]:
        """The lowest rank that is known, and the name there."""
        ranks = lineage(self.entry)
        return lowest_rank(ranks), scientific_name(ranks)

    @property
    def describes_taxon(self) -> bool:
        """Whether it is about the taxon itself, and not about a class that belongs to it."""
        return not self.label or _fold(self.label) == _fold(self.taxon[1])

    @property
    def key(self) -> str:
        """What the entry is called where it is no class of the model."""
        return self.label or self.taxon[1] or next(iter(self.names), "")


@dataclass(frozen=True)
class MatchedTaxonomy:
    """The part of a file that concerns some classes: theirs, and the taxa above them.

    `missing`: the classes that the file says nothing about. `unknown`: the classes that the file
    has, and nobody asked for.
    """

    taxonomy: Taxonomy
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def is_speciesnet_label(line: str) -> bool:
    """Return whether a line is one of SpeciesNet's labels."""
    fields = line.split(";")
    return len(fields) == _SPECIESNET_FIELDS and bool(_UUID.fullmatch(fields[0].strip()))


def read_taxonomy(path: Path, classes: Collection[str]) -> tuple[TaxonRow, ...]:
    """Return the rows of a file; `classes` tell what a column `class` is.

    Raises CtcError for a file that isn't there, can't be read, or contradicts itself.
    """
    if not path.is_file():
        raise UsageError(f"the taxonomy '{path}' is not there: give a CSV with a row per class")
    rows = tuple(_speciesnet_rows(path) or _table_rows(path, classes))
    if not rows:
        raise InputError(f"the taxonomy '{path}' has no rows: write one per class")
    return _completed(rows, path)


def match_classes(
    rows: Sequence[TaxonRow], classes: Sequence[str], others: Iterable[str] = ()
) -> MatchedTaxonomy:
    """Return what the rows say of classes; `others`: classes that the model doesn't know.

    Names match without regard to case, and with `_` and `-` as blanks.
    """
    index = _index(rows)
    found = {name: index[_fold(name)] for name in (*classes, *others) if _fold(name) in index}
    taxonomy = {name: row.entry for name, row in found.items()}
    known = set(classes)
    above = _taxa_above(animal_lineages({n: e for n, e in taxonomy.items() if n in known}))
    used = {id(row) for row in found.values()}
    unknown = []
    for row in rows:
        if id(row) in used:
            continue
        if row.taxon in above and row.describes_taxon:
            taxonomy.setdefault(row.key, row.entry)
        elif row.label:
            unknown.append(row.label)
    missing = tuple(name for name in classes if name not in found)
    return MatchedTaxonomy(taxonomy, missing, tuple(unknown))


def listed(names: Sequence[str]) -> str:
    """Return the first names in quotes, and how many more there are."""
    more = len(names) - MAX_LISTED
    text = ", ".join(f"'{shorten(name)}'" for name in names[:MAX_LISTED])
    return text + (f" and {more:,} more" if more > 0 else "")


def _taxa_above(found: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str]]:
    return {pair for ranks in found.values() for pair in ranks.items()}


def _index(rows: Sequence[TaxonRow]) -> dict[str, TaxonRow]:
    """Return the row of each name; of names that several taxa share, none."""
    named: dict[str, TaxonRow | None] = {}
    for row in rows:
        for name in {_fold(name) for name in row.names if name}:
            other = named.setdefault(name, row)
            if other is not None and other.entry != row.entry:
                named[name] = None
    labels = {_fold(row.label): row for row in rows if row.label}
    return {name: row for name, row in named.items() if row is not None} | labels


def _fold(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def _speciesnet_rows(path: Path) -> list[TaxonRow]:
    """Return the rows of SpeciesNet's labels, none for another file."""
    try:
        text = local_copy(path).read_text(encoding=detect_encoding(local_copy(path)))
    except (OSError, UnicodeError) as error:
        raise InputError(f"the taxonomy '{path}' can't be read: {reason(error)}") from None
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not is_speciesnet_label(lines[0]):
        return []
    for number, line in enumerate(lines, 1):
        if line and not is_speciesnet_label(line):
            raise InputError(
                f"line {number} of '{path}', '{shorten(line)}', is no label of SpeciesNet: write "
                "an id and six names with ';' between"
            )
    return [_speciesnet_row(line) for line in lines if line]


def _speciesnet_row(line: str) -> TaxonRow:
    fields = [field.strip() for field in line.split(";")]
    values = dict(zip(SPECIESNET_RANKS, fields[1:], strict=False)) | {COMMON_NAME: fields[6]}
    entry = {key: value for key, value in values.items() if value}
    names = (line, ";".join(fields[1:]), fields[6], scientific_name(lineage(entry)))
    return TaxonRow("", names, entry)


def _table_rows(path: Path, classes: Collection[str]) -> Iterator[TaxonRow]:
    names, rows = read_rows(path)
    columns = {re.sub(r"[\W_]", "", name.lower()): name for name in reversed(names)}
    table = [{key: _cell(row[name]) for key, name in columns.items()} for _, row in rows]
    class_column, rank_column = _tell_apart(table, columns, classes)
    at = {**{rank: rank for rank in RANKS}, "class": rank_column}
    if not any(at[rank] in columns for rank in RANKS) and _SCIENTIFIC not in columns:
        raise InputError(
            f"the taxonomy '{path}' has no column of a rank among {', '.join(names)}: name them "
            f"{', '.join(RANKS)}"
        )
    seen: dict[str, dict[str, str]] = {}
    for cells in table:
        entry = _entry(cells, at)
        label = cells.get(class_column, "")
        if seen.setdefault(label, entry) != entry and label:
            raise InputError(f"the taxonomy '{path}' has the class '{label}' twice: keep one row")
        named = (scientific_name(lineage(entry)), entry.get(COMMON_NAME, ""))
        if label or any(named):
            yield TaxonRow(label, () if label else named, entry)


def _cell(text: str) -> str:
    found = text.strip()
    return "" if found in MISSING else found


def _tell_apart(
    table: Sequence[Mapping[str, str]], columns: Collection[str], classes: Collection[str]
) -> tuple[str, str]:
    """Return the columns of the model's class and of the rank class; '' for none."""
    label = next((name for name in CLASS_COLUMNS if name in columns), "")
    rank = next((name for name in CLASS_RANK_COLUMNS if name in columns), "")
    if label == rank == "class":
        known = {_fold(name) for name in classes}
        is_label = any(_fold(cells["class"]) in known for cells in table)
        return ("class", "") if is_label else ("", "class")
    return label, rank


def _entry(cells: Mapping[str, str], at: Mapping[str, str]) -> dict[str, str]:
    entry = {rank: cells.get(at[rank], "") for rank in RANKS}
    name, rank = cells.get(_SCIENTIFIC, ""), cells.get(_RANK, "").lower()
    binomial = _BINOMIAL.match(name)
    if binomial and rank in _SPECIES_RANKS:
        entry["species"] = entry["species"] or binomial.group()
    elif name and rank in entry:
        entry[rank] = entry[rank] or name.split()[0]
    entry[COMMON_NAME] = next((cells[name] for name in COMMON_COLUMNS if cells.get(name)), "")
    entry[TAXON_ID] = _taxon_id(cells)
    return {key: value for key, value in entry.items() if value}


def _taxon_id(cells: Mapping[str, str]) -> str:
    """Return the id, of a bare number of GBIF or ITIS its address."""
    column = next((name for name in ID_COLUMNS if cells.get(name)), "")
    value = cells.get(column, "")
    if not value.isdecimal() or column == "taxonid":
        return value
    return f"{_ITIS if 'itis' in column or column == 'tsn' else _GBIF}{value}"


def _completed(rows: Sequence[TaxonRow], path: Path) -> tuple[TaxonRow, ...]:
    """Return rows with the higher ranks that other rows of the same taxon have.

    Raises InputError where rows contradict each other.
    """
    above: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        ranks = lineage(row.entry)
        for place, (rank, name) in enumerate(ranks.items()):
            known = above.setdefault((rank, name), {})
            for higher, value in list(ranks.items())[:place]:
                if known.setdefault(higher, value) != value:
                    raise InputError(
                        f"the taxonomy '{path}' contradicts itself: {rank} '{name}' is in "
                        f"{higher} '{known[higher]}' and in '{value}': correct one of them"
                    )
    return tuple(TaxonRow(row.label, row.names, _filled(row.entry, above)) for row in rows)


def _filled(
    entry: Mapping[str, str], above: Mapping[tuple[str, str], Mapping[str, str]]
) -> Mapping[str, str]:
    found = dict(entry)
    for rank, name in reversed(lineage(entry).items()):
        for higher, value in above[rank, name].items():
            found.setdefault(higher, value)
    return found
