"""Fill the column `datetime` from other columns, whose times may be written in any usual way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import DATETIME, Ints, factorize, set_column, take
from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.metadata.exif_metadata import fill_column
from ctc.inventory.metadata.time_parser import (
    FORMAT_HINT,
    ParsedTime,
    parse_times,
    parse_with_format,
)
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def fill_times(
    inventory: Inventory, columns: Sequence[str], time_format: str | None = None
) -> Inventory:
    """Fill `datetime` with ISO 8601 times from meta columns, whose texts are joined by a blank.

    Values that are no times become null and are counted in a warning. Raises CtcError if there is
    no such column, if no value is a time, or if day and month can't be told apart.
    """
    for name in columns:
        if name in inventory.labels:
            raise UsageError(f"--time-from '{name}' is a label: name a column with times")
        inventory.check_meta(name)
    joined = _join_columns(inventory, columns)
    distinct, numbers = factorize(joined)
    texts: list[str] = distinct.to_pylist()
    column = " ".join(columns)
    parsed = (
        parse_times(texts, column) if time_format is None else parse_with_format(texts, time_format)
    )
    uses = np.bincount(numbers[numbers >= 0], minlength=len(texts))
    _report_invalid(column, list(zip(texts, parsed, uses.tolist(), strict=True)), time_format)
    times = _take_times(parsed, numbers)
    if DATETIME in columns:
        return replace(inventory, table=set_column(inventory.table, DATETIME, times))
    return fill_column(inventory, DATETIME, times)


def _join_columns(inventory: Inventory, columns: Sequence[str]) -> pa.ChunkedArray:
    """Return the texts of the columns joined by a blank; null where one of them is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [inventory.table[name].cast(pa.string()) for name in columns]
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, " ")


def _take_times(parsed: Sequence[ParsedTime | None], numbers: Ints) -> pa.ChunkedArray:
    import pyarrow as pa

    values = pa.array([time and time.isoformat() for time in parsed], pa.string())
    return take(pa.chunked_array([values]), numbers)


def _report_invalid(
    column: str, values: Sequence[tuple[str, ParsedTime | None, int]], time_format: str | None
) -> None:
    """Log or raise what is no time; `values` are the distinct ones, with their numbers of rows."""
    invalid = {text: count for text, time, count in values if time is None}
    remedy = f"give {FORMAT_HINT}" if time_format is None else f"'{time_format}' does not fit"
    first = next(iter(invalid), "")
    if values and len(invalid) == len(values):
        raise InputError(f"no value in '{column}' is a time, such as '{first}': {remedy}")
    if invalid:
        remedy = "correct the source" if time_format is None else remedy
        count = counted(sum(invalid.values()), "value")
        log.warning(
            "%s in '%s' left empty: not a time, such as '%s': %s", count, column, first, remedy
        )
    dates = {text: count for text, time, count in values if time and not time.has_clock}
    if dates:
        count = counted(sum(dates.values()), "value")
        first = next(iter(dates))
        log.warning("%s in '%s' without a time of day, such as '%s'", count, column, first)
