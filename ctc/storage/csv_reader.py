"""The rows of a CSV file as spreadsheets and scripts write it, read with the csv module alone."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctc.errors import InputError
from ctc.storage.remote_files import local_copy
from ctc.storage.text_encoding import detect_encoding

DELIMITERS = (",", ";", "\t")
MAX_CELL_CHARS = 1 << 24
"""In characters; a quote that is never closed makes a cell of the rest of the file."""
SNIFF_LINES = 50

_UNDECODED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class CsvTable:
    """A CSV file whose header has been read. `columns`: where in a row each column stands, in the
    header's order."""

    path: Path
    encoding: str
    delimiter: str
    width: int
    columns: Mapping[str, int]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) for each row that isn't blank: the line it begins on, and `width` cells,
        short rows filled up with ''.

        Reads the file anew, row by row; raises InputError, naming the line, where it can't be read.
        """
        for line, cells in islice(_read_cells(self.path, self.encoding, self.delimiter), 1, None):
            if len(cells) != self.width:
                if any(cells[self.width :]):
                    raise InputError(
                        f"'{self.path}' line {line} has {len(cells)} cells, its header {self.width}"
                    )
                cells = (cells + [""] * self.width)[: self.width]
            yield line, cells


def open_table(path: Path) -> CsvTable:
    """Find out encoding (UTF-8 or UTF-16 with or without byte order mark, else cp1252), delimiter
    and columns of a CSV.

    Columns without a name are not among `columns`. Raises InputError when the file has no header or
    can't be read."""
    try:
        encoding = detect_encoding(local_copy(path))
    except OSError as error:
        raise _read_error(path, error) from None
    delimiter = _detect_delimiter(list(islice(_lines(path, encoding), SNIFF_LINES)))
    _, header = next(_read_cells(path, encoding, delimiter), (0, []))
    if not header:
        raise InputError(f"'{path}' has no header: its first line must name the columns")
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise InputError(f"'{path}' has two columns called '{twice[0]}': rename one")
    return CsvTable(
        path, encoding, delimiter, len(header), {name: at for at, name in enumerate(header) if name}
    )


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """The column names, and (line, row) for each row, where a dict per row is worth its time: see
    `CsvTable.rows`."""
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
            f"'{path}' is not a CSV file from line {line} on: {error}; is a quote left open?"
        ) from None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
    try:
        with local_copy(path).open(encoding=encoding, errors=errors, newline="") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise InputError(
                        f"'{path}' line {number} holds a NUL byte: the file is damaged, or no text"
                    )
                if not line.isascii() and _UNDECODED.search(line):
                    known = encoding.removesuffix("-sig").upper()
                    raise InputError(
                        f"'{path}' line {number} is not {known} as the rest is: save it as 'CSV UTF-8'"
                    )
                yield line
    except UnicodeDecodeError:
        raise InputError(f"'{path}' ends within a character: it was cut off") from None
    except OSError as error:
        raise _read_error(path, error) from None


def _read_error(path: Path, error: OSError) -> InputError:
    return InputError(f"'{path}' can't be read: {(error.strerror or str(error)).lower()}")


def _detect_delimiter(lines: Sequence[str]) -> str:
    """The one that cuts most of these lines into as many cells as the header, two at least; of
    equals the one with most."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = list(_row_widths(lines, delimiter))
        return (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)

    return max(DELIMITERS, key=agreement)


def _row_widths(lines: Sequence[str], delimiter: str) -> Iterator[int]:
    """Of the rows before the first that this delimiter can't cut; that one is told when the rows
    are read."""
    with suppress(csv.Error):
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if any(cells):
                yield len(cells)
