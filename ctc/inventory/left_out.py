"""Log of source entries that give no observation: counts in memory, all entries in a file."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ctc.plugin.records import LeftOut
from ctc.storage.atomic import atomic_write, remove
from ctc.storage.paths import path_beside
from ctc.storage.urls import redact_urls

if TYPE_CHECKING:
    from _csv import Writer

MAX_EXAMPLES = 3
MAX_REASONS = 100
OTHER_REASONS = "other reasons"


def left_out_path(output: Path) -> Path:
    """Return the path of the file that lists what was left out of an inventory."""
    return path_beside(output, f"{output.stem}.left_out.csv")


class LeftOutLog:
    """Counts entries per reason, and writes them to a CSV with the columns where, reason.

    `counts`: number of entries per reason. `examples`: per reason, where the first few were. The
    file `path` appears when the `with` block ends without error; without any entry there is no
    file, and an existing one is removed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self._exit_stack = ExitStack()
        self._writer: Writer | None = None

    def add(self, entry: LeftOut) -> None:
        """Count the entry and write it to the file."""
        known = entry.reason in self.counts or len(self.counts) < MAX_REASONS
        reason = entry.reason if known else OTHER_REASONS
        self.counts[reason] += 1
        where = self.examples.setdefault(reason, [])
        if len(where) < MAX_EXAMPLES:
            where.append(redact_urls(entry.where))
        if self.path:
            self._writer = self._writer or self._open(self.path)
            self._writer.writerow((redact_urls(entry.where), entry.reason))

    def _open(self, path: Path) -> Writer:
        partial = self._exit_stack.enter_context(atomic_write(path))
        file = self._exit_stack.enter_context(
            partial.open("w", encoding="utf-8", newline="", errors="backslashreplace")
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("where", "reason"))
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit_stack.__exit__(kind, error, trace)
        if kind is None and self.path and self._writer is None:
            remove(self.path)
