"""ctc report"""

from __future__ import annotations

from pathlib import Path

import click

from ctc.cli.options.paths import PLACE
from ctc.cli.options.report import report_options
from ctc.cli.options.scoring import combine_by, need_packages
from ctc.errors import OutputExistsError


@click.command(epilog="Example: ctc report predictions.csv --output report")
@click.argument("predictions", type=PLACE)
@click.option("--output", type=PLACE, required=True, help="Folder to write report.html into.")
@click.option(
    "--location", metavar="COL", default="location", show_default=True, help="Column that says where an event was."
)
@click.option("--aggregation", metavar="NAME", default="mean", show_default=True, help="From photos to the event.")
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
    """Show what a model said of photos: how often, where and when it saw each class, and the photos themselves.

    OUTPUT/report.html is one file that any browser opens, without a network.
    """
    need_packages("report", "report")
    from ctc.artifacts.failures import failures_beside
    from ctc.evaluation.answers.prediction_file import read_predictions
    from ctc.evaluation.html.options import REPORT, ReportConfig
    from ctc.evaluation.html.prediction_report import write_prediction_report
    from ctc.evaluation.html.thumbnails import photo_files

    if (output / REPORT).exists() and not overwrite:
        raise OutputExistsError(output / REPORT)
    scored = read_predictions(predictions, location, combine_by(aggregation))
    config = ReportConfig(megabytes=thumbnails)
    failures = failures_beside(predictions)
    written = write_prediction_report(predictions.name, scored, output, photo_files(image_root), failures, config)
    click.echo(written)
