"""ctc report"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from ctc.cli.options.inference import AGGREGATION
from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.report import report_options
from ctc.cli.options.scoring import LOCATION, require_report_packages
from ctc.errors import OutputExistsError


@click.command(
    cls=command_with(AGGREGATIONS), epilog="Example: ctc report predictions.csv --output report"
)
@click.argument("predictions", type=PATH_OR_URL)
@option("--output", type=PATH_OR_URL, required=True, help="Folder for report.html.")
@LOCATION
@AGGREGATION
@report_options
@option("--overwrite", is_flag=True, help="Replace an existing report.")
def command(
    predictions: Path,
    output: Path,
    location: str,
    aggregation: str,
    aggregation_options: dict[str, Any],
    image_root: Path | None,
    thumbnails: float,
    overwrite: bool,
) -> None:
    """Write a report of PREDICTIONS: counts per class, by location and by hour, with photos.

    OUTPUT/report.html is one file that any browser opens, without a network.
    """
    require_report_packages("report", "report")
    from ctc.artifacts.failures import read_failures
    from ctc.cli.console.console import info
    from ctc.evaluation.answers.aggregation import aggregator_factory
    from ctc.evaluation.answers.photo_boxes import read_photo_boxes
    from ctc.evaluation.answers.prediction_file import read_predictions
    from ctc.evaluation.config import ReportConfig
    from ctc.evaluation.html.page import REPORT_FILE
    from ctc.evaluation.html.prediction_report import write_prediction_report
    from ctc.evaluation.html.thumbnails import thumbnails_from_files

    if (output / REPORT_FILE).exists() and not overwrite:
        raise OutputExistsError(output / REPORT_FILE)
    aggregators = aggregator_factory(aggregation, aggregation_options)
    data = read_predictions(predictions, location, aggregators)
    failures = read_failures(predictions)
    source = thumbnails_from_files(image_root)
    config = ReportConfig(megabytes=thumbnails)
    boxes = partial(read_photo_boxes, predictions)
    path, lines = write_prediction_report(
        predictions.name, data, output, source, failures, config, boxes
    )
    for line in lines:
        info(line)
    click.echo(path)
