"""The progress bar on a terminal, drawn by rich."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ctc.cli.console.control_characters import drawing_stream, escape_controls


class _RateColumn(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "–/s", style="progress.data.speed")


class _RichProgress:
    """A `ctc.reporting.ProgressBar` on a rich task."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task, self._failed = bar, task, 0

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self._failed += failed
        self._bar.update(
            self._task, advance=done, failures=f"{self._failed} failed" if self._failed else ""
        )

    def note(self, text: str) -> None:
        self._bar.update(self._task, note=escape(escape_controls(text)))


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[_RichProgress]:
    """Show a bar on stderr that disappears at the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        _RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        TextColumn("[red]{task.fields[failures]}"),
    )
    with Progress(
        *columns, console=Console(file=drawing_stream(sys.stderr)), transient=True
    ) as bar:
        yield _RichProgress(bar, bar.add_task(description, total=total, failures="", note=""))
