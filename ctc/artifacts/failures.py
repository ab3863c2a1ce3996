"""CSV files of failures, with the columns `path,reason`.

`ctc predict` writes PREDICTIONS.failures.csv beside the predictions; `ctc dataset` writes
left_out.csv into the dataset folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ctc.artifacts.predictions import Failure
from ctc.errors import InputError
from ctc.storage.atomic import atomic_write, remove
from ctc.storage.csv_reader import open_table
from ctc.storage.csv_writer import BYTE_ORDER_MARK, open_rows, unescape_formula
from ctc.storage.paths import path_beside
from ctc.storage.urls import redact_urls

COLUMNS = ("path", "reason")
EXCEL_OPTION = "excel"
"""Key of the option of an output format that also applies to the failures beside its file."""


def failure_path(output: Path) -> Path:
    """Return the path of the failure file that belongs to a prediction file."""
    return path_beside(output, f"{output.name}.failures.csv")


class FailureFile:
    """Writer of a failure file, which appears under its name when the block ends without error.

    If no failure was added, no file is written and an existing one is removed. `for_excel`: see
    `RowWriter`.
    """

    def __init__(self, path: Path, for_excel: bool = False) -> None:
        self.path, self._for_excel = path, for_excel
        self._has_failures = False
        self._stack = ExitStack()

    def add(self, failure: Failure) -> None:
        """Append one row."""
        if not self._has_failures:
            partial = self._stack.enter_context(atomic_write(self.path))
            self._table = self._stack.enter_context(open_rows(partial, self._for_excel))
            self._table.writerow(COLUMNS)
            self._has_failures = True
        self._table.writerow([redact_urls(failure.path), redact_urls(failure.reason)])

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


def write_failures(path: Path, failures: Iterable[Failure]) -> None:
    """Write all failures to `path` at once; see `FailureFile`."""
    with FailureFile(path) as file:
        for failure in failures:
            file.add(failure)


def read_failures(predictions: Path) -> tuple[str, ...]:
    """Return the failures of a prediction file as `path: reason`; empty if there is no such file.

    Raises InputError if the file has other columns.
    """
    failures = read_failure_file(failure_path(predictions))
    return tuple(f"{failure.path}: {failure.reason}" for failure in failures)


def read_failure_file(path: Path) -> Iterator[Failure]:
    """Yield the failures of a failure file; none if there is no such file.

    Raises InputError if the file has other columns.
    """
    if not path.is_file():
        return
    table = open_table(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise InputError(f"'{path}' has no column '{missing[0]}': use the file that ctc wrote")
    at = [table.columns[name] for name in COLUMNS]
    with path.open(encoding="utf-8", errors="backslashreplace") as file:
        is_for_excel = file.read(1) == BYTE_ORDER_MARK
    for _, cells in table.rows():
        values = [unescape_formula(cells[i]) if is_for_excel else cells[i] for i in at]
        yield Failure(values[0], values[1])
