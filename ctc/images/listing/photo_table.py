"""Tables of photos: CSV files with columns for photos and events.

`ctc inventory csv` and `ctc predict` read their tables here, so that both find the same events.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from ctc.errors import InputError, UsageError, closest_name
from ctc.images.files import is_image_name
from ctc.images.listing.photo_paths import normalize_path
from ctc.storage.csv_reader import MISSING, CsvTable, open_table
from ctc.storage.paths import is_url
from ctc.storage.remote_files import local_copy

MAX_VALUES_SHOWN = 5

_START_BYTES = 64
_VALUE = re.compile(r"-?\d+([.,]\d+)?|\d{1,4}[-/.:]\d{1,2}[-/.:]\d{1,4}\b.*")
_ROOTED = re.compile(r"/|[A-Za-z]:/")


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table that hold photos and events; all others are meta columns.

    `event_id`: None if each row is an event, named after its first photo. `images`: in time order.
    `image_folder`: the column with the folder of a row's photos. `where`: 'COLUMN=VALUE', the rows
    that are read; of several values of one column, any. `has_header`: whether the first row names
    the columns; else their names are "1", "2", ….
    """

    event_id: str | None
    images: tuple[str, ...]
    image_folder: str | None = None
    where: tuple[str, ...] = ()
    has_header: bool = True

    @property
    def used(self) -> tuple[str, ...]:
        """The names of the columns of events and photos."""
        names = (self.event_id, *self.images, self.image_folder)
        return tuple(name for name in names if name is not None)


class PhotoRow(NamedTuple):
    """A row of a table.

    `event_id` is '' if the row has none. `images`: normalised paths. `cells`: all cells.
    """

    line: int
    event_id: str
    images: tuple[str, ...]
    cells: list[str]


class RowTable(Protocol):
    """A table of texts: a CSV file, or a table of a database with the same parts."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def columns(self) -> Mapping[str, int]:
        """Column name → index in a row, in order."""

    @property
    def has_header(self) -> bool:
        """Whether the columns have names of their own."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of the row or line, cells); each call reads again."""


@dataclass(frozen=True)
class PhotoTable:
    """A table whose columns of events and photos are known."""

    table: RowTable
    columns: TableColumns

    def rows(self) -> Iterator[PhotoRow]:
        """Yield the rows that `where` selects; each call reads the file again.

        A cell such as NA is a missing photo or event. Raises CtcError if a row can't be read, or
        if `where` selects none.
        """
        at = self.table.columns
        id_at = None if self.columns.event_id is None else at[self.columns.event_id]
        folder_at = None if self.columns.image_folder is None else at[self.columns.image_folder]
        images_at = [at[name] for name in self.columns.images]
        seen: dict[int, dict[str, None]] = {index: {} for index in self._filters}
        selected = False
        for line, cells in self.table.rows():
            if self._filters and not self._selects(cells, seen):
                continue
            selected = True
            folder = "" if folder_at is None else present(cells[folder_at])
            names = [name for index in images_at if (name := present(cells[index]))]
            images = tuple(_photo_path(folder, name) for name in names)
            event = "".join(images[:1]) if id_at is None else cells[id_at]
            yield PhotoRow(line, event if present(event) else "", images, cells)
        if self._filters and not selected:
            raise self._nothing_selected(seen)

    @cached_property
    def _filters(self) -> dict[int, frozenset[str]]:
        """The values of each column, by its index, that `where` selects."""
        filters: dict[int, frozenset[str]] = {}
        for condition in self.columns.where:
            name, value = _split_condition(condition, self.table)
            index = self.table.columns[name]
            filters[index] = filters.get(index, frozenset()) | {value}
        return filters

    def _selects(self, cells: list[str], seen: dict[int, dict[str, None]]) -> bool:
        selects = True
        for index, values in self._filters.items():
            value = cells[index].strip()
            if len(seen[index]) <= MAX_VALUES_SHOWN:
                seen[index].setdefault(value)
            selects = selects and value in values
        return selects

    def _nothing_selected(self, seen: dict[int, dict[str, None]]) -> UsageError:
        names = {index: name for name, index in self.table.columns.items()}
        found = "; ".join(
            f"'{names[index]}' has {_list_names(list(values))}" for index, values in seen.items()
        )
        return UsageError(
            f"no row of '{self.table.path}' has --where "
            f"{' and '.join(repr(condition) for condition in self.columns.where)}: {found}"
        )


def open_photo_table(path: Path, columns: TableColumns, others: tuple[str, ...] = ()) -> PhotoTable:
    """Open a table and check its columns.

    `others`: further columns that it must have. Blanks are the delimiter if no other one gives
    these columns. Raises CtcError for missing columns, or if the first row is data.
    """
    wanted = (*columns.used, *others)
    _refuse_json(path)
    table = _open(path, columns, wanted)
    if columns.has_header and any(map(_is_photo, columns.images)):
        raise UsageError(_first_row_hint(path, list(table.columns)))
    check_columns(table, wanted)
    for condition in columns.where:
        _split_condition(condition, table)
    return PhotoTable(table, columns)


def _refuse_json(path: Path) -> None:
    """Raise UsageError for a JSON file: its first line would be taken for the names of columns."""
    with suppress(OSError), local_copy(path).open("rb") as file:
        start = file.read(_START_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start == b"{" or (start == b"[" and path.suffix.lower() == ".json"):
            raise UsageError(
                f"'{path}' is JSON, not a table: `ctc inventory {shlex.quote(str(path))} --output "
                "inventory.parquet` recognizes the formats that ctc reads"
            )


def check_columns(table: RowTable, names: tuple[str, ...]) -> None:
    """Raise UsageError, with the existing columns, unless the table has all of these."""
    missing = [name for name in dict.fromkeys(names) if name not in table.columns]
    if not missing:
        return
    if table.has_header and looks_like_data(list(table.columns)):
        raise UsageError(_first_row_hint(table.path, list(table.columns)))
    meant = {name: near for name in missing if (near := closest_name(name, table.columns))}
    pairs = [f"'{near}' for '{name}'" for name, near in meant.items()]
    meant_names = ", ".join(pairs) if len(missing) > 1 else _list_names(meant.values())
    hint = f"did you mean {meant_names}? " if meant else ""
    raise UsageError(
        f"'{table.path}' has no column{'s' * (len(missing) > 1)} {_list_names(missing)}: {hint}"
        f"its columns are {_list_names(table.columns)}"
    )


def looks_like_data(cells: Sequence[str]) -> bool:
    """Return whether a first row can't be a header: it has a photo, or many numbers or dates."""
    values = [cell for cell in cells if _VALUE.fullmatch(cell.strip())]
    return any(map(_is_photo, cells)) or (bool(values) and 2 * len(values) >= len(cells))


def present(cell: str) -> str:
    """Return the text of a cell, '' if it is missing, such as 'NA'."""
    text = cell.strip()
    return "" if text in MISSING else text


def _open(path: Path, columns: TableColumns, wanted: tuple[str, ...]) -> CsvTable:
    try:
        table = open_table(path, columns.has_header)
    except InputError:
        if columns.has_header and looks_like_data(cells := _first_row(path)):
            raise UsageError(_first_row_hint(path, cells)) from None
        raise
    if table.width > 1 or all(name in table.columns for name in wanted):
        return table
    with suppress(InputError):
        separated = open_table(path, columns.has_header, blanks=True)
        if any(name in separated.columns for name in wanted):
            return separated
    return table


def _first_row(path: Path) -> list[str]:
    with suppress(InputError):
        for _, cells in open_table(path, has_header=False).rows():
            return cells
    return []


def _first_row_hint(path: Path, cells: Sequence[str]) -> str:
    return (
        f"the first row of '{path}' looks like data ({_list_names(cells[:MAX_VALUES_SHOWN])}): "
        "if the table has no header, add --no-header and name its columns by number, "
        "such as --image 1"
    )


def _is_photo(cell: str) -> bool:
    return is_image_name(cell.strip().replace("\\", "/").rpartition("/")[2])


def _list_names(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _split_condition(condition: str, table: RowTable) -> tuple[str, str]:
    """Split 'COLUMN=VALUE' at the last '=' before which there is the name of a column."""
    ends = [at for at, sign in enumerate(condition) if sign == "="]
    if not ends:
        raise UsageError(f"--where '{condition}' must have the form COLUMN=VALUE")
    names = {end: condition[:end] for end in ends}
    end = max((end for end, name in names.items() if name in table.columns), default=ends[0])
    check_columns(table, (names[end],))
    return names[end], condition[end + 1 :].strip()


def _photo_path(folder: str, name: str) -> str:
    if not folder or is_url(name) or _ROOTED.match(name.replace("\\", "/")):
        return normalize_path(name)
    return normalize_path(f"{folder}/{name}")
