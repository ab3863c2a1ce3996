"""Options of the commands that write a report."""

from __future__ import annotations

import click

from ctc.cli.options.option import apply_options, option
from ctc.cli.options.values.paths import PATH_OR_URL

report_options = apply_options(
    (
        option(
            "--image-root",
            type=PATH_OR_URL,
            metavar="DIR",
            show_default="the current folder",
            help="Folder that relative photo paths start from.",
        ),
        option(
            "--thumbnails",
            type=click.FloatRange(0),
            metavar="MB",
            default=15,
            help="Maximum size of all thumbnails in report.html together.",
        ),
    )
)
"""Add the options to a command function."""
