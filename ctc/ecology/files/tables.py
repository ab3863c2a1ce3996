"""Tables of a summary: a header and rows, which become CSV files and sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ctc.ecology.survey import Floats
from ctc.storage.csv_writer import open_rows

if TYPE_CHECKING:
    import pyarrow as pa

NA = "NA"
"""What R reads as missing."""


@dataclass(frozen=True)
class Table:
    """A table; `name` is that of its file, without `.csv`, with forward slashes for folders."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def write(self, path: Path) -> None:
        """Write the table as CSV."""
        with open_rows(path) as rows:
            rows.writerow(self.columns)
            rows.writerows(self.rows)

    def head(self, count: int) -> Iterable[Sequence[object]]:
        """Return the first rows."""
        return self.rows[:count]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class ColumnTable:
    """A table of millions of rows, as Arrow columns; see `Table`."""

    name: str
    data: Mapping[str, pa.Array]

    @property
    def columns(self) -> Sequence[str]:
        """The header."""
        return tuple(self.data)

    def write(self, path: Path) -> None:
        """Write the table as CSV."""
        import pyarrow as pa
        from pyarrow.csv import WriteOptions, write_csv

        with open_rows(path) as rows:
            rows.writerow(self.columns)
        options = WriteOptions(include_header=False, quoting_style="needed")
        with path.open("ab") as file:
            write_csv(pa.table(dict(self.data)), file, options)

    def head(self, count: int) -> Iterable[Sequence[object]]:
        """Return the first rows."""
        cells = [column.slice(0, count).to_pylist() for column in self.data.values()]
        return zip(*cells, strict=True)

    def __len__(self) -> int:
        return len(next(iter(self.data.values())))


AnyTable = Table | ColumnTable


def write_table(folder: Path, table: AnyTable) -> None:
    """Write a table as CSV."""
    path = folder / f"{table.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write(path)


def matrix(
    name: str, corner: str, rows: Sequence[str], columns: Sequence[str], of: Floats
) -> Table:
    """Return a table of numbers with names of rows and columns; NaN is NA."""
    distinct, code = np.unique(of, return_inverse=True)
    cells = np.array([*map(number, distinct.tolist()), None], object)[code.reshape(of.shape)]
    named = [(one, *values) for one, values in zip(rows, cells.tolist(), strict=True)]
    return Table(name, (corner, *columns), named)


def number(value: float, digits: int = 6) -> object:
    """Return a number without needless digits, NA for NaN, Inf for ∞."""
    if not np.isfinite(value):
        return NA if np.isnan(value) else "Inf"
    return int(value) if float(value).is_integer() else float(f"{value:.{digits}g}")
