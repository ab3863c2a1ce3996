"""`<output>.failures.csv`: the photos that could not be used, `path, reason`."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ctc.artifacts.atomic import remove, whole_file
from ctc.artifacts.predictions import Failure


def failure_path(output: Path) -> Path:
    """Where the failures of a prediction file are listed."""
    return output.with_name(f"{output.name}.failures.csv")


class FailureFile:
    """Written as failures come, in place at the end; without any failure there is no file, and an older one goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._any = False
        self._stack = ExitStack()

    def add(self, failure: Failure) -> None:
        if not self._any:
            partial = self._stack.enter_context(whole_file(self.path))
            # backslashreplace: file names may hold bytes that are not UTF-8
            handle = partial.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self._table = csv.writer(self._stack.enter_context(handle), lineterminator="\n")
            self._table.writerow(["path", "reason"])
            self._any = True
        self._table.writerow([failure.path, failure.reason])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)
        if kind is None and not self._any:
            remove(self.path)
