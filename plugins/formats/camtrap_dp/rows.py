"""Rows of a package's tables, of which some can't be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.plugin import LeftOut


class UnusableRowError(Exception):
    """A row can't be used; the message is the reason."""


def add_rows(
    package: Package, table: str, add: Callable[[str, CsvRow], LeftOut | None]
) -> Iterator[LeftOut]:
    """Pass every row, and where it is, to `add`; yields what `add` returns or finds unusable."""
    for where, row in package.rows(table):
        try:
            left_out = add(where, row)
        except UnusableRowError as error:
            left_out = LeftOut(where, str(error))
        if left_out is not None:
            yield left_out


def require_value(row: CsvRow, column: str) -> str:
    """Return the row's value; raises UnusableRowError when it is missing."""
    value = row[column]
    if value is None:
        raise UnusableRowError(f"it has no {column}")
    return value
