"""Reader for CSV files as spreadsheets and scripts write them; it needs only the csv module."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctc.errors import InputError, reason
from ctc.storage.remote_files import local_copy
from ctc.storage.text_encoding import detect_encoding

DELIMITERS = (",", ";", "\t")
MAX_CELL_CHARS = 1 << 24
"""Limit of a cell; an unclosed quote makes one cell of the rest of the file."""
SNIFF_LINES = 50

_UNDECODED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class CsvTable:
    """A CSV file whose header has been read.

    `columns`: column name → index in a row, in the order of the header. `width`: number of columns,
    with those that have no name.
    """

    path: Path
    encoding: str
    delimiter: str
    width: int
    columns: Mapping[str, int]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) for each row that is not blank.

        The line number is that of the row's first line. `cells` has `width` entries: short rows are
        padded with ''. Each call reads the file again, row by row. Raises InputError, with the line
        number, if a row can't be read.
        """
        for line, cells in islice(_read_cells(self.path, self.encoding, self.delimiter), 1, None):
            if len(cells) != self.width:
                if any(cells[self.width :]):
                    raise InputError(
                        f"'{self.path}' line {line} has {len(cells)} cells, "
                        f"the header has {self.width}"
                    )
                cells = (cells + [""] * self.width)[: self.width]
            yield line, cells


def open_table(path: Path) -> CsvTable:
    """Detect the encoding, the delimiter and the columns of a CSV file.

    Encodings: UTF-8 or UTF-16, with or without byte order mark, else cp1252. Columns without a name
    are left out of `columns`. Raises InputError if the file has no header or can't be read.
    """
    try:
        encoding = detect_encoding(local_copy(path))
    except OSError as error:
        raise _read_error(path, error) from None
    delimiter = _detect_delimiter(list(islice(_lines(path, encoding), SNIFF_LINES)))
    _, header = next(_read_cells(path, encoding, delimiter), (0, []))
    if not header:
        raise InputError(f"'{path}' has no header: its first line must name the columns")
    duplicates = [name for name, count in Counter(header).items() if count > 1 and name]
    if duplicates:
        raise InputError(f"'{path}' has two columns called '{duplicates[0]}': rename one")
    return CsvTable(
        path, encoding, delimiter, len(header), {name: at for at, name in enumerate(header) if name}
    )


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the column names, and an iterator of (line number, row as a dict).

    Building a dict for each row takes time: see `CsvTable.rows` for large files.
    """
    table = open_table(path)
    named = (
        (line, {name: cells[at] for name, at in table.columns.items()})
        for line, cells in table.rows()
    )
    return list(table.columns), named


def _read_cells(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(_lines(path, encoding), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"'{path}' is not valid CSV from line {line} on: {error}; is there an unclosed quote?"
        ) from None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
    try:
        with local_copy(path).open(encoding=encoding, errors=errors, newline="") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise InputError(
                        f"'{path}' line {number} has a NUL byte: the file is damaged or not text"
                    )
                if not line.isascii() and _UNDECODED.search(line):
                    name = encoding.removesuffix("-sig").upper()
                    raise InputError(
                        f"'{path}' line {number} is not valid {name}: save the file as 'CSV UTF-8'"
                    )
                yield line
    except UnicodeDecodeError:
        raise InputError(f"'{path}' ends in the middle of a character: it is truncated") from None
    except OSError as error:
        raise _read_error(path, error) from None


def _read_error(path: Path, error: OSError) -> InputError:
    return InputError(f"'{path}' can't be read: {reason(error)}")


def _detect_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that splits most of the lines into as many cells as the header.

    It must give at least two cells; of equal ones, the one with most cells is taken.
    """

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = list(_row_widths(lines, delimiter))
        return (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)

    return max(DELIMITERS, key=agreement)


def _row_widths(lines: Sequence[str], delimiter: str) -> Iterator[int]:
    """Yield the number of cells of each row, up to the first that this delimiter can't parse.

    That row is reported when the rows are read.
    """
    with suppress(csv.Error):
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if any(cells):
                yield len(cells)
