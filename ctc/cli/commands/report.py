"""ctc report"""

from __future__ import annotations

from pathlib import Path

import click

from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.report import report_options
from ctc.cli.options.scoring import aggregator_factory, require_extra
from ctc.errors import OutputExistsError


@click.command(epilog="Example: ctc report predictions.csv --output report")
@click.argument("predictions", type=PATH_OR_URL)
@click.option("--output", type=PATH_OR_URL, required=True, help="Folder to write report.html into.")
@click.option(
    "--location",
    metavar="COL",
    default="location",
    show_default=True,
    help="Column that says where an event was.",
)
@click.option(
    "--aggregation",
    metavar="NAME",
    default="mean",
    show_default=True,
    help="From photos to the event.",
)
@report_options
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
def command(
    predictions: Path,
    output: Path,
    location: str,
    aggregation: str,
    image_root: Path | None,
    thumbnails: float,
    overwrite: bool,
) -> None:
    """Show what a model said of photos: how often, where and when it saw each class, and the photos
    themselves.

    OUTPUT/report.html is one file that any browser opens, without a network.
    """
    require_extra("report", "report")
    from ctc.artifacts.failures import read_failures
    from ctc.evaluation.answers.prediction_file import read_predictions
    from ctc.evaluation.html.options import REPORT_FILE, ReportConfig
    from ctc.evaluation.html.prediction_report import write_prediction_report
    from ctc.evaluation.html.thumbnails import thumbnails_from_files

    if (output / REPORT_FILE).exists() and not overwrite:
        raise OutputExistsError(output / REPORT_FILE)
    scored = read_predictions(predictions, location, aggregator_factory(aggregation))
    config = ReportConfig(megabytes=thumbnails)
    failures = read_failures(predictions)
    written = write_prediction_report(
        predictions.name, scored, output, thumbnails_from_files(image_root), failures, config
    )
    click.echo(written)
