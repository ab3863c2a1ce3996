"""The rows of a CSV file, read with the csv module alone."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ctc.errors import InputError

DELIMITERS = (",", ";", "\t")


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """The header, and (line number, row) for each row that isn't blank; short rows are filled up with ''.

    UTF-8 with or without a byte order mark; the delimiter (comma, semicolon, tab) is the one that splits the header best.
    Raises InputError, here or while iterating, when the file can't be read as such.
    """
    rows = _rows(path)
    _, header = next(rows, (0, []))
    if not any(header):
        raise InputError(f"'{path}' has no header: its first line must name the columns")
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise InputError(f"'{path}' has two columns called '{twice[0]}': rename one")
    return [name for name in header if name], ((line, _named(path, line, header, cells)) for line, cells in rows)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=_delimiter(file), strict=True)
            for cells in reader:
                if any(cells):
                    yield reader.line_num, cells
    except UnicodeDecodeError:
        raise InputError(f"'{path}' is not UTF-8 text: save it as 'CSV UTF-8'") from None
    except csv.Error as error:
        raise InputError(f"'{path}' is not a CSV file near line {reader.line_num}: {error}") from None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {(error.strerror or str(error)).lower()}") from None


def _delimiter(file: TextIO) -> str:
    line = file.readline()
    file.seek(0)
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([line], delimiter=delimiter), [])))


def _named(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if any(cells[len(header) :]):
        raise InputError(f"'{path}' line {line} has {len(cells)} cells, its header {len(header)}")
    filled = cells + [""] * (len(header) - len(cells))
    return {name: cell for name, cell in zip(header, filled, strict=False) if name}
