"""The photos that `ctc predict` could not use: PREDICTIONS.failures.csv beside the predictions."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ctc.artifacts.predictions import Failure
from ctc.errors import InputError
from ctc.storage.atomic import atomic_write, remove
from ctc.storage.csv_reader import open_table


def failure_path(output: Path) -> Path:
    """Where the failures of a prediction file are listed."""
    return output.with_name(f"{output.name}.failures.csv")


class FailureFile:
    """Written as failures come, in place at the end; without any failure there is no file, and an
    older one goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_failures = False
        self._stack = ExitStack()

    def add(self, failure: Failure) -> None:
        if not self._has_failures:
            partial = self._stack.enter_context(atomic_write(self.path))
            # backslashreplace: file names may hold bytes that are not UTF-8
            handle = partial.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self._table = csv.writer(self._stack.enter_context(handle), lineterminator="\n")
            self._table.writerow(["path", "reason"])
            self._has_failures = True
        self._table.writerow([failure.path, failure.reason])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)
        if kind is None and not self._has_failures:
            remove(self.path)


_COLUMNS = ("path", "reason")


def read_failures(predictions: Path) -> tuple[str, ...]:
    """`path: reason` for each, none where there is no such file; raises InputError for one with
    other columns."""
    path = predictions.with_name(f"{predictions.name}.failures.csv")
    if not path.is_file():
        return ()
    table = open_table(path)
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise InputError(
            f"'{path}' has no column '{missing[0]}': it should be what `ctc predict` writes"
        )
    at = [table.columns[name] for name in _COLUMNS]
    return tuple(": ".join(cells[column] for column in at) for _, cells in table.rows())
