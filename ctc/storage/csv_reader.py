"""Reader for CSV files as spreadsheets and scripts write them; it needs only the csv module."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.errors import InputError, reason
from ctc.storage.remote_files import local_copy
from ctc.storage.text_encoding import detect_encoding

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS = (",", ";", "\t")
BLANK = " "
"""Delimiter of R's write.table; several blanks in a row are one."""
MISSING = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "-", "?", ".")
)
"""Cells without a value, as spreadsheets, R, pandas and databases write them."""
MAX_CELL_CHARS = 1 << 24
"""Limit of a cell; an unclosed quote makes one cell of the rest of the file."""
SNIFF_LINES = 50

_UNDECODED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class CsvTable:
    """A CSV file whose header has been read.

    `columns`: column name → index in a row, in the order of the header; "1", "2", … if the file has
    none (`has_header`). `width`: number of columns, with those that have no name.
    """

    path: Path
    encoding: str
    delimiter: str
    width: int
    columns: Mapping[str, int]
    has_header: bool = True

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) for each row that is not blank.

        The line number is that of the row's first line. `cells` has `width` entries: short rows are
        padded with ''. Each call reads the file again, row by row. Raises InputError, with the line
        number, if a row can't be read.
        """
        every_row = _read_cells(self.path, self.encoding, self.delimiter)
        for line, cells in islice(every_row, int(self.has_header), None):
            if len(cells) != self.width:
                if any(cells[self.width :]):
                    first = "header" if self.has_header else "first row"
                    raise InputError(
                        f"'{self.path}' line {line} has {len(cells)} cells, "
                        f"the {first} has {self.width}"
                    )
                cells = (cells + [""] * self.width)[: self.width]
            yield line, cells


def open_table(path: Path, has_header: bool = True, blanks: bool = False) -> CsvTable:
    """Detect the encoding, the delimiter and the columns of a CSV file.

    Encodings: UTF-8 or UTF-16, with or without byte order mark, else cp1252. Delimiters: comma,
    semicolon, tab; or blanks, if the header is quoted, as R writes it, or `blanks` says so. A
    header without the name of R's column of row names gets an unnamed one. Columns without a name
    are left out of `columns`; without a header, the names are "1", "2", … Raises InputError if the
    file has no header or can't be read.
    """
    try:
        encoding = detect_encoding(local_copy(path))
    except OSError as error:
        raise _read_error(path, error) from None
    sample = list(islice(_lines(path, encoding), SNIFF_LINES))
    delimiter = BLANK if blanks else _detect_delimiter(sample)
    _, header = next(_read_cells(path, encoding, delimiter), (0, []))
    if not header:
        raise InputError(f"'{path}' has no header: its first line must name the columns")
    if not has_header:
        header = [str(number) for number in range(1, len(header) + 1)]
    elif _has_row_names(sample, delimiter):
        header = ["", *header]
    duplicates = [name for name, count in Counter(header).items() if count > 1 and name]
    if duplicates:
        raise InputError(f"'{path}' has two columns called '{duplicates[0]}': rename one")
    columns = {name: at for at, name in enumerate(header) if name}
    return CsvTable(path, encoding, delimiter, len(header), columns, has_header)


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
    reader = _parse(_lines(path, encoding), delimiter)
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


def _parse(lines: Iterable[str], delimiter: str) -> CsvReader:
    if delimiter != BLANK:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    trimmed = (line.rstrip(" \r\n") + "\n" for line in lines)
    return csv.reader(trimmed, delimiter=BLANK, skipinitialspace=True, strict=True)


def _detect_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that splits most of the lines into as many cells as the header.

    It must give at least two cells; of equal ones, the one with most cells is taken. Blanks are
    the delimiter only of a quoted header that no other delimiter splits.
    """

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for cells in _sample_rows(lines, delimiter)]
        return (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)

    best = max(DELIMITERS, key=agreement)
    return BLANK if agreement(best) == (0, 0) and _is_blank_separated(lines) else best


def _is_blank_separated(lines: Sequence[str]) -> bool:
    if not next((line for line in lines if line.strip()), "").startswith('"'):
        return False
    widths = [len(cells) for cells in _sample_rows(lines, BLANK)]
    rows = set(widths[1:])
    return bool(widths) and ((widths[0] > 1 and rows <= {widths[0]}) or rows == {widths[0] + 1})


def _has_row_names(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether each row has one cell more than the header: R's row names, in quotes."""
    header, *rows = list(_sample_rows(lines, delimiter)) or [[]]
    if not rows or {len(cells) for cells in rows} != {len(header) + 1}:
        return False
    quoted = all(line.startswith('"') for line in lines if line.strip())
    return any(cells[-1] for cells in rows) and (delimiter == BLANK or quoted)


def _sample_rows(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield each row that is not blank, up to the first that this delimiter can't parse.

    That row is reported when the rows are read.
    """
    with suppress(csv.Error):
        for cells in _parse(lines, delimiter):
            if any(cells):
                yield cells
