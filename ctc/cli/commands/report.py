"""ctc report"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import AGGREGATION
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.report import report_options
from ctc.cli.options.review import TARGETS
from ctc.cli.options.scoring import LOCATION, require_report_packages
from ctc.cli.options.values.paths import PATH, PATH_OR_URL
from ctc.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from ctc.artifacts.review.claims import Proof


@click.command(
    cls=command_with(AGGREGATIONS), epilog="Example: ctc report predictions.csv --output report"
)
@click.argument("predictions", type=PATH_OR_URL)
@option("--output", type=PATH_OR_URL, required=True, help="Folder for report.html.")
@LOCATION
@AGGREGATION
@report_options
@option(
    "--store",
    type=PATH,
    metavar="FILE",
    show_default="none",
    help="File of `ctc review` of these predictions: the report shows what its audit has shown.",
)
@apply_options(TARGETS)
@option("--overwrite", is_flag=True, help="Replace an existing report.")
def command(
    predictions: Path,
    output: Path,
    location: str,
    aggregation: str,
    aggregation_options: dict[str, Any],
    image_root: Path | None,
    thumbnails: float,
    store: Path | None,
    overwrite: bool,
    **targets: float,
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
    proof = None if store is None else _read_proof(store, data.event_ids, targets)
    failures = read_failures(predictions)
    source = thumbnails_from_files(image_root)
    config = ReportConfig(megabytes=thumbnails)
    boxes = partial(read_photo_boxes, predictions)
    path, lines = write_prediction_report(
        predictions.name, data, output, source, failures, config, boxes, proof
    )
    for line in lines:
        info(line)
    click.echo(path)


def _read_proof(store: Path, event_ids: Sequence[str], targets: dict[str, float]) -> Proof:
    """Return what the audit of a store shows, which is about these predictions."""
    from ctc.artifacts.review.store import ReviewStore
    from ctc.review.proof.audit import read_proof
    from ctc.review.proof.targets import Targets

    with ReviewStore.open(store, read_only=True) as opened, opened.read() as connection:
        rows = connection.execute("SELECT id FROM events WHERE is_gone = 0")
        if {row["id"] for row in rows} != set(event_ids):
            raise UsageError(f"'{store}' has other events than the predictions: load these first")
        return read_proof(connection, Targets(**targets))
