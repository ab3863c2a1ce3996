"""Which fields of a Timelapse table are labels.

A template has the fields that its author wanted, so their names are free. `Species` and `Count`,
however capitalized, become the labels `species` and `count`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice

from ctc.errors import UsageError
from ctc.images.listing.photo_table import RowTable, check_columns
from ctc.reporting import counted

from .database import MULTI_CHOICE, DatabaseTable
from .episodes import is_episode

FILE, FOLDER, ROOT, DELETED = "File", "RelativePath", "RootFolder", "DeleteFlag"
DATE_TIME, DATE, TIME = "DateTime", "Date", "Time"
SPECIES, COUNT = "species", "count"
_OLD = ("Id", "Folder", "ImageQuality", "UtcOffset")
"""The row number of the database, and columns of versions before 2.3."""
STANDARD = frozenset((FILE, FOLDER, ROOT, DELETED, DATE_TIME, DATE, TIME, *_OLD))
_SURVEYED_ROWS = 10_000
_EPISODE_ROWS = 100
_MAX_VALUES = 50
_MAX_SHOWN = 8


def choose_labels(table: RowTable, given: Sequence[str], counters: Sequence[str]) -> dict[str, str]:
    """Return the column of each label: those `given`, else `Species`, and `Count` if any is not 0.

    `counters`: columns of one species each, which give the labels `species` and `count`. Raises
    UsageError, naming fields to choose from, if there is nothing to read.
    """
    check_columns(table, (*given, *counters))
    labels = _name_labels(given or _usual_fields(table))
    if counters and (twice := [labels[name] for name in (SPECIES, COUNT) if name in labels]):
        if given:
            raise UsageError(
                f"--counter gives the labels '{SPECIES}' and '{COUNT}', and so does --label "
                f"'{twice[0]}': leave one of them out"
            )
        return {}
    if not given and SPECIES not in labels and not counters:
        raise UsageError(
            f"'{table.path}' has no field 'Species': name the fields to read with --label, or with "
            f"--counter those that count one species each; its fields are {_survey(table)}"
        )
    return labels


def multi_choices(table: RowTable, labels: Mapping[str, str]) -> dict[str, str | None]:
    """Return the comma as separator of labels that the template says are multiple choices."""
    types = table.types if isinstance(table, DatabaseTable) else {}
    return {label: "," for label, column in labels.items() if types.get(column) == MULTI_CHOICE}


def episode_field(table: RowTable) -> str | None:
    """Return the first field of which all cells in the first rows that have any are episodes."""
    rows = [cells for _, cells in islice(table.rows(), _EPISODE_ROWS)]
    for name, at in table.columns.items():
        filled = [cells[at] for cells in rows if cells[at].strip()]
        if filled and name not in STANDARD and all(map(is_episode, filled)):
            return name
    return None


def _usual_fields(table: RowTable) -> list[str]:
    """Return the fields `Species` and, if any cell is above 0, `Count`."""
    found = [name for name in table.columns if name.casefold() in (SPECIES, COUNT)]
    return [name for name in found if name.casefold() == SPECIES or _has_counts(table, name)]


def _has_counts(table: RowTable, name: str) -> bool:
    at = table.columns[name]
    return any(cells[at].strip() not in ("", "0", "-1") for _, cells in table.rows())


def read_counter(cell: str) -> tuple[bool, str | None]:
    """Return whether a counter is above 0 or a flag is true, and the count if there is one.

    Raises ValueError for a cell that is neither.
    """
    text = cell.strip()
    if text.casefold() in ("", "true", "false"):
        return text.casefold() == "true", None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number > 0, text


def _name_labels(columns: Sequence[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for column in columns:
        usual = column.casefold()
        is_usual = usual in (SPECIES, COUNT) and usual not in labels
        labels[usual if is_usual else column] = column
    return labels


def _survey(table: RowTable) -> str:
    """Return the fields with the number of values that they have."""
    fields = {name: at for name, at in table.columns.items() if name not in STANDARD}
    values: dict[str, set[str]] = {name: set() for name in fields}
    for _, cells in islice(table.rows(), _SURVEYED_ROWS):
        for name, at in fields.items():
            if len(values[name]) <= _MAX_VALUES:
                values[name].add(cells[at].strip())
    filled = {name: found - {""} for name, found in values.items() if found - {""}}
    shown = [f"'{name}' ({_amount(found)})" for name, found in filled.items()]
    more = ["…"] * (len(shown) > _MAX_SHOWN)
    return ", ".join([*shown[:_MAX_SHOWN], *more]) or "none"


def _amount(values: set[str]) -> str:
    if len(values) > _MAX_VALUES:
        return f"more than {_MAX_VALUES} values"
    return counted(len(values), "value")
