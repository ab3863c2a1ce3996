"""Tables on stdout, and numbers of bytes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table

from ctc.cli.console.control_characters import drawing_stream, escape_controls
from ctc.reporting import one_line


def format_bytes(count: float) -> str:
    """Return a number of bytes with a decimal unit: '12.3 MB'."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def print_table(
    header: Sequence[str], rows: Collection[Sequence[str | int]], left: Collection[str] = ()
) -> None:
    """Print a table on stdout, followed by an empty line.

    The first column and those in `left` are aligned to the left, the others to the right. The table
    is as wide as the terminal; in a file or pipe it has no colours and is never wrapped. Line
    breaks in names are shown as Python writes them.
    """
    table, is_terminal = Table(box=None, pad_edge=False), sys.stdout.isatty()
    shown = escape_controls if is_terminal else str
    for i, title in enumerate(header):
        justify: Literal["left", "right"] = "right" if i and title not in left else "left"
        table.add_column(shown(one_line(title)), justify=justify, overflow="fold")
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else one_line(cell) for cell in row)
        table.add_row(*map(shown, cells))
    width = None if is_terminal else 10_000
    file = drawing_stream(sys.stdout)
    Console(file=file, width=width, markup=False, emoji=False, highlight=False).print(table, "")
