"""A summary as an Excel workbook, a sheet per table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctc.ecology.files.tables import NA, ColumnTable, Table
from ctc.errors import MissingExtraError
from ctc.storage.csv_writer import escape_formulas

MAX_ROWS = 1_048_576
"""Of a sheet; the header is one of them."""
_MAX_TITLE = 31


def write_workbook(path: Path, tables: Sequence[Table | ColumnTable]) -> list[str]:
    """Write tables as sheets; return what did not fit. Raises MissingExtraError."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError("writing a workbook", "xlsx") from None
    book, notes = Workbook(write_only=True), []
    for table in tables:
        sheet = book.create_sheet(table.name.replace("/", " ")[:_MAX_TITLE])
        sheet.append(list(table.columns))
        for row in table.head(MAX_ROWS - 1):
            sheet.append([None if cell == NA else cell for cell in escape_formulas(row)])
        if len(table) >= MAX_ROWS:
            notes.append(f"{path.name} has the first {MAX_ROWS - 1:,} rows of {table.name}.csv")
    book.save(path)
    return notes
