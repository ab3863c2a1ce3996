"""Tables of a summary: a header and rows, which become CSV files and sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctc.ecology.survey import Floats
from ctc.storage.csv_writer import open_rows

NA = "NA"
"""What R reads as missing."""


@dataclass(frozen=True)
class Table:
    """A table; `name` is that of its file, without `.csv`, with forward slashes for folders."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def write_table(folder: Path, table: Table) -> None:
    """Write a table as CSV."""
    path = folder / f"{table.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_rows(path) as rows:
        rows.writerow(table.columns)
        rows.writerows(table.rows)


def matrix(
    name: str, corner: str, rows: Sequence[str], columns: Sequence[str], of: Floats
) -> Table:
    """Return a table of numbers with names of rows and columns; NaN is NA."""
    cells = [[number(value) for value in row] for row in of.tolist()]
    return Table(
        name, (corner, *columns), [(one, *row) for one, row in zip(rows, cells, strict=True)]
    )


def number(value: float, digits: int = 6) -> object:
    """Return a number without needless digits, NA for NaN."""
    if np.isnan(value):
        return NA
    return int(value) if float(value).is_integer() else float(f"{value:.{digits}g}")
