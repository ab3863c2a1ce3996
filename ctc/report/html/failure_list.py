"""The photos that `ctc predict` could not use: PREDICTIONS.failures.csv beside the predictions."""

from __future__ import annotations

from pathlib import Path

from ctc.artifacts.csvfile import open_table
from ctc.errors import InputError

_COLUMNS = ("path", "reason")


def failures_beside(predictions: Path) -> tuple[str, ...]:
    """`path: reason` for each, none where there is no such file; raises InputError for one with other columns."""
    path = predictions.with_name(f"{predictions.name}.failures.csv")
    if not path.is_file():
        return ()
    table = open_table(path)
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise InputError(f"'{path}' has no column '{missing[0]}': it should be what `ctc predict` writes")
    at = [table.columns[name] for name in _COLUMNS]
    return tuple(": ".join(cells[column] for column in at) for _, cells in table.rows())
