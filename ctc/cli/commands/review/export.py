"""The command `ctc review export`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.option import PluginName, option
from ctc.cli.options.plugin import FORMATS, command_with
from ctc.cli.options.values.paths import PATH, PATH_OR_URL
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.review.export.run import ExportResult
    from ctc.review.export.summary import ReviewSummary


@click.command(
    cls=command_with(FORMATS),
    epilog="Example: ctc review export review.sqlite --output reviewed.parquet --only-reviewed",
)
@click.argument("store", type=PATH)
@option(
    "--output",
    type=PATH_OR_URL,
    required=True,
    help="File to write; its suffix selects the format: .parquet is an inventory, others are "
    "predictions.",
)
@option(
    "--format",
    type=PluginName("OutputFormat"),
    metavar="NAME",
    show_default="by the suffix of --output",
    help="inventory, or a format of predictions.",
)
@option("--only-reviewed", is_flag=True, help="Leave out events without a class from people.")
@option(
    "--consensus",
    type=click.Choice(["agreed", "majority", "latest", "lead"]),
    default="agreed",
    help="Whose answer to a label counts: what all say, what more than half say, the latest, or "
    "that of a lead. The first two take that of a lead, if there is one.",
)
@option(
    "--with-gone",
    is_flag=True,
    help="Also write answered events that the predictions have no more.",
)
@option(
    "--classifier",
    metavar="NAME",
    show_default="the name of the prediction file",
    help="Who the answers of the machine are of, in predictions.",
)
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(store: Path, **options: Any) -> None:
    """Write the answers of a review as an inventory, or into predictions of any format.

    STORE is the file of `ctc review`. An inventory (.parquet) goes to `ctc dataset` and on to
    training, or to --truth of `ctc evaluate`. In predictions, events that people answered have that
    answer with probability 1, and all events say who classified them; others keep the answer of the
    model.
    """
    from ctc.artifacts.review.store import ReviewStore
    from ctc.cli.console.console import progress
    from ctc.plugin.manager import plugins
    from ctc.review.export.run import ExportConfig, export_review
    from ctc.review.export.summary import summarize_review

    config = ExportConfig(store=store, **options)
    # opened to write, SQLite leaves one file: read-only, it leaves two more beside it
    with ReviewStore.open(store, read_only=not os.access(store, os.W_OK)) as opened:
        summary = summarize_review(opened)
        with progress("export", sum(summary.states.values())) as bar:
            result = export_review(config, opened, plugins(), bar.advance)
    _print(summary, result, config.with_gone)
    click.echo(config.output)


def _print(summary: ReviewSummary, result: ExportResult, with_gone: bool) -> None:
    from ctc.cli.console.console import info, warn

    for line in summary.lines():
        info(line)
    info(
        f"{counted(result.events, 'event')} written as '{result.format}', {result.reviewed:,} with"
        " classes from people"
    )
    if result.undecided:
        info(f"{counted(result.undecided, 'event')} with an answer that --consensus does not take")
    for why, count in result.left_out.items():
        warn(f"{counted(count, 'event')} left out: {why}")
    if summary.gone and not with_gone:
        are = counted(summary.gone, "answered event is", "answered events are")
        warn(f"{are} no more in the predictions, and not written: add --with-gone")
    path, count = summary.missing
    if count:
        are = counted(count, "photo was", "photos were")
        warn(
            f"{are} missing when the review looked, such as '{path}': say where they are with"
            " `ctc review --store FILE --photos ROOT`, and export again"
        )
