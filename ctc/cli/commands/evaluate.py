"""ctc evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.report import report_options
from ctc.cli.options.scoring import require_extra, scoring_options
from ctc.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from ctc.evaluation.metrics.evaluation import Evaluation


@click.command(epilog="Example: ctc evaluate model.onnx dataset --split test --output evaluation")
@click.argument("source", type=PATH_OR_URL, metavar="MODEL|PREDICTIONS")
@click.argument("dataset", type=PATH_OR_URL, required=False)
@click.option(
    "--split", metavar="NAME", help="Split of the dataset to evaluate on.  [default: test]"
)
@click.option(
    "--truth",
    type=PATH_OR_URL,
    metavar="INVENTORY",
    help="What the events of PREDICTIONS really show.",
)
@click.option("--output", type=PATH_OR_URL, required=True, help="Folder to write.")
@click.option(
    "--run",
    type=PATH_OR_URL,
    metavar="RUN",
    help="Where the model was trained: the report shows how that went.",
)
@click.option(
    "--explain", type=click.IntRange(1), metavar="N",
    help="Show for N events per label what the model looked at: by Grad-CAM with --run, else by covering parts of the photo.",
)  # fmt: skip
@click.option("--licence", metavar="TEXT", help="Of the model, for its model card.")
@report_options
@scoring_options
def command(
    source: Path, dataset: Path | None, truth: Path | None, output: Path, **options: Any
) -> int:
    """Say how good a MODEL is on a split of a DATASET, or how good PREDICTIONS are, given the
    truth.

    OUTPUT holds report.html, to be read in a browser; all figures, with confidence intervals
    (metrics.json; per class in metrics.csv); the labels that are likely wrong (label_errors.csv)
    and the events that are most worth a label (to_label.csv). docs/evaluate.md says what each
    figure means."""
    require_extra("evaluate")
    if truth and (options["split"] or options["explain"]):
        raise UsageError("--split and --explain are for a model and a DATASET, not for predictions")
    if dataset and options["image_root"]:
        raise UsageError("--image-root is for predictions: a DATASET holds its photos")
    if output.exists() and not (
        output.is_dir() and (options["overwrite"] or not any(output.iterdir()))
    ):
        raise OutputExistsError(output)
    from ctc.cli.registry import PARTLY_FAILED
    from ctc.evaluation.run import evaluate_model, evaluate_predictions

    if truth and not dataset:
        evaluate_predictions(source, truth, output, options, _print_results)
        return 0
    if dataset and not truth:
        return (
            PARTLY_FAILED if evaluate_model(source, dataset, output, options, _print_results) else 0
        )
    raise UsageError("give a model and a DATASET, or predictions and --truth INVENTORY")


def _print_results(evaluation: Evaluation) -> None:
    from ctc.cli.console.formatting import print_table

    header = (
        "label",
        "unit",
        "answers",
        "right",
        "95 % interval",
        "macro F1",
        "calibration error",
        "accepted at 95 %",
    )
    rows = []
    for label, found in evaluation.labels.items():
        for unit, scores in found.units.items():
            top, target = scores.top_1, scores.automation.targets["0.95"]
            interval = f"{top.low:.3f}-{top.high:.3f}"
            accepted = f"{target.share:.0%}" if target else "none"
            figures = (
                f"{top.value:.3f}",
                interval,
                f"{scores.macro.f1.value:.3f}",
                f"{scores.reliability.ece:.3f}",
            )
            rows.append((label, unit, scores.n, *figures, accepted))
    for label, several in evaluation.multi_label.items():
        for unit, sets in several.units.items():
            interval = f"{sets.top_1.low:.3f}-{sets.top_1.high:.3f}"
            rows.append(
                (
                    label,
                    unit,
                    sets.n,
                    f"{sets.top_1.value:.3f}",
                    interval,
                    f"{sets.macro.f1.value:.3f}",
                    "",
                    "",
                )
            )
    print_table(header, rows)
