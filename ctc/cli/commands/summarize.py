"""ctc summarize"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.cli.options.option import option
from ctc.cli.options.scoring import LOCATION
from ctc.cli.options.values.duration import DURATION
from ctc.cli.options.values.paths import PATH, PATH_OR_URL
from ctc.errors import UsageError, require_extra

DAY = 86_400


@click.command(
    epilog="Example: ctc summarize predictions.csv --deployments deployments.csv --output summary"
)
@click.argument("source", type=PATH_OR_URL, metavar="PREDICTIONS|REVIEW|CAMTRAP_DP")
@option(
    "--deployments",
    type=PATH_OR_URL,
    metavar="FILE",
    help="CSV that says when and where cameras ran: deployments of Camtrap DP or Wildlife Insights,"
    " or camtrapR's table of stations with Problem1_from, Problem1_to, …  [default: that of the"
    " package, or guessed from the photos]",
)
@option("--output", type=PATH, required=True, help="Folder for summary.html and the tables.")
@option(
    "--independence",
    type=DURATION,
    default="30min",
    help="Time after which a record of a species at a place counts as a new one.",
)
@option(
    "--rule",
    type=click.Choice(["last-record", "last-independent"]),
    default="last-record",
    help="Since what that time is measured: any record of the species, or the last independent"
    " one.",
)
@option(
    "--unit",
    type=click.Choice(["station", "camera"]),
    default="station",
    help="What records are counted and trap nights measured for.",
)
@option("--occasion", type=DURATION, default="7d", help="Occasion of detection histories, in days.")
@option(
    "--label",
    metavar="NAME",
    default="",
    show_default="the first",
    help="Label with the species.",
)
@option(
    "--species",
    multiple=True,
    metavar="NAME",
    show_default="all animals",
    help="Species to report, such as 'human'. Repeatable.",
)
@LOCATION
@option(
    "--camera",
    metavar="COL",
    default="deploymentID",
    help="Metadata column with the camera of an event, for --unit camera.",
)
@option(
    "--clock-offset",
    type=PATH_OR_URL,
    metavar="FILE",
    help="CSV that corrects times where clocks were wrong: deployment; seconds, or shown and true;"
    " from and to.",
)
@option(
    "--time-zone",
    metavar="ZONE",
    default="",
    show_default="that of the times, or of the longitude",
    help="Zone of the cameras' clocks, for sun time: 'Europe/Berlin' or '+01:00'.",
)
@option(
    "--draws",
    type=click.IntRange(0, 1_000),
    show_default="200, fewer of more than 300,000 events",
    help="How often the species of all events are drawn from their probabilities; 0: never.",
)
@option("--seed", type=click.IntRange(0), default=0, help="Seed of the draws.")
@option("--xlsx", is_flag=True, help="Also write the main tables as summary.xlsx.")
@option("--overwrite", is_flag=True, help="Replace an existing --output.")
def command(
    source: Path, deployments: Path | None, output: Path, overwrite: bool, **options: Any
) -> None:
    """Summarize a study: records, effort, rates, detection histories, activity.

    Figures are told by the answers as they are, and with the classifier's error in them. The folder
    has summary.html, which any browser opens without a network, and tables for R and GIS.
    """
    require_extra("ctc summarize", "report", ("jinja2", "pyarrow", "scipy"))
    occasion = options.pop("occasion")
    if occasion < DAY or occasion % DAY:
        raise UsageError("--occasion must be whole days, such as 7d")
    from ctc.cli.console import console
    from ctc.ecology.config import SummaryConfig
    from ctc.ecology.summarize import summarize

    config = SummaryConfig(occasion=occasion // DAY, **options)
    click.echo(summarize(source, deployments, output, config, console, overwrite))
