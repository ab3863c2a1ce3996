"""The options of commands that write a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from ctc.cli.options.paths import PATH_OR_URL

_OPTIONS = (
    click.option(
        "--image-root", type=PATH_OR_URL, metavar="DIR",
        help="Folder that relative paths of photos start from.  [default: this one]",
    ),
    click.option(
        "--thumbnails", type=click.FloatRange(0), metavar="MB", default=15, show_default=True,
        help="That all small pictures together may take in report.html.",
    ),
)  # fmt: skip


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)
