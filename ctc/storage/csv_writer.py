"""Rows of CSV files, on request for spreadsheets: Excel runs text that looks like a formula.

See https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

BYTE_ORDER_MARK = "\ufeff"
"""Begins files for Excel, which without it expects another encoding."""

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


class RowWriter:
    """Writes rows to a text file; `for_excel`: with a byte order mark and escaped formulas.

    `dialect`: further arguments of `csv.writer`.
    """

    def __init__(self, file: TextIO, for_excel: bool = False, **dialect: Any) -> None:
        self._writer = csv.writer(file, lineterminator="\n", **dialect)
        self._escape = escape_formulas if for_excel else list
        if for_excel:
            file.write(BYTE_ORDER_MARK)

    def writerow(self, cells: Iterable[object]) -> None:
        self._writer.writerow(self._escape(cells))

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        self._writer.writerows(map(self._escape, rows))


@contextmanager
def open_rows(path: Path, for_excel: bool = False, **dialect: Any) -> Iterator[RowWriter]:
    """Open a CSV file for writing; file names in it may hold bytes that are not UTF-8."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield RowWriter(file, for_excel, **dialect)


def escape_formulas(cells: Iterable[object]) -> list[object]:
    """Put an apostrophe before text that is a formula, but not before numbers."""
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in cells]


def unescape_formula(cell: str) -> str:
    """Return a cell of a file for Excel as it was given."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _is_formula(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)
