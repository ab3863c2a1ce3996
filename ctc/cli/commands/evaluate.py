"""ctc evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.boxes import BOXES, DETECTOR, pop_boxes, require_detector
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.report import report_options
from ctc.cli.options.scoring import (
    require_report_packages,
    scoring_config,
    scoring_options_with,
)
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.cli.registry import PARTLY_FAILED
from ctc.errors import OutputExistsError, UsageError
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.evaluation.config import EvaluateConfig
    from ctc.evaluation.metrics.evaluation import (
        Evaluation,
        MultiLabelScores,
        UnitScores,
    )
    from ctc.evaluation.run import EvaluationResult

DEFAULT_SPLIT = "test"
SCORING = scoring_options_with("16; with --detector measured")
_HEADER = (
    "label",
    "unit",
    "predictions",
    "accuracy",
    "same cameras",
    "new cameras",
    "macro F1",
    "calibration error",
    "accepted (95 % promised)",
)


@click.command(
    cls=command_with(AGGREGATIONS),
    epilog="Example: ctc evaluate model.onnx dataset --split test --output evaluation",
)
@click.argument("source", type=PATH_OR_URL, metavar="MODEL|PREDICTIONS")
@click.argument("dataset", type=PATH_OR_URL, required=False)
@option(
    "--split",
    metavar="NAME",
    show_default=DEFAULT_SPLIT,
    help="Split of the dataset to evaluate on.",
)
@option(
    "--truth",
    type=PATH_OR_URL,
    metavar="INVENTORY",
    help="Inventory with the ground truth of PREDICTIONS.",
)
@option("--output", type=PATH_OR_URL, required=True, help="Output folder.")
@option(
    "--run",
    type=PATH_OR_URL,
    metavar="RUN",
    help="Folder of the training run, for training curves and Grad-CAM.",
)
@option(
    "--explain",
    type=click.IntRange(1),
    metavar="N",
    help="Make saliency maps of N events per label: Grad-CAM with --run, else occlusion.",
)
@option(
    "--excel",
    is_flag=True,
    help="Write the CSV files for Excel: with a byte order mark, and with an apostrophe before "
    "text that it would run as a formula.",
)
@option(
    "--taxonomy",
    type=PATH_OR_URL,
    metavar="FILE",
    help="CSV with the kingdom, …, genus, species of classes, or SpeciesNet's labels: also tell "
    "the accuracy by rank.  [default: that of the model]",
)
@option("--licence", metavar="TEXT", help="Licence of the model, for its model card.")
@report_options
@apply_options((DETECTOR, *BOXES))
@SCORING
def command(
    source: Path,
    dataset: Path | None,
    truth: Path | None,
    output: Path,
    overwrite: bool,
    **options: Any,
) -> int:
    """Evaluate a MODEL on a split of a DATASET, or PREDICTIONS against the ground truth.

    With --detector, the MODEL names the animals that the detector finds, as in `ctc predict`.

    OUTPUT holds report.html, for any browser; all metrics with confidence intervals (metrics.json;
    per class in metrics.csv); the labels that the model disagrees with, confident disagreements
    first (label_errors.csv); and the events that are most worth labelling (to_label.csv).
    docs/evaluate.md defines each metric.
    """
    require_report_packages("evaluate")
    _check_options(dataset, truth, options)
    _check_output(output, overwrite)
    from ctc.evaluation.run import evaluate_predictions

    config = _config(options)
    if truth and not dataset:
        result = evaluate_predictions(source, truth, output, config)
    elif dataset and not truth:
        result = _evaluate_model(source, dataset, output, config)
    else:
        raise UsageError("give a model and a DATASET, or predictions and --truth INVENTORY")
    _print_result(result, output)
    return PARTLY_FAILED if result.failures else 0


def _check_options(dataset: Path | None, truth: Path | None, options: dict[str, Any]) -> None:
    """Raise UsageError for options of the other way to evaluate, and boxes without a detector."""
    of_models = ("split", "explain", "flips", "detector")
    if truth and any(options[name] for name in of_models):
        raise UsageError(
            "--split, --explain, --flips and --detector need a model and a DATASET, not predictions"
        )
    if dataset and options["image_root"]:
        raise UsageError("--image-root is for predictions: a DATASET contains its photos")
    require_detector(options)


def _check_output(output: Path, overwrite: bool) -> None:
    """Raise OutputExistsError for a file, and for a folder with content.

    What an evaluation left over that was killed before its report counts as no content.
    """
    from ctc.evaluation.run import is_unfinished

    if output.exists() and not (output.is_dir() and (overwrite or is_unfinished(output))):
        raise OutputExistsError(output)


def _config(options: dict[str, Any]) -> EvaluateConfig:
    from ctc.evaluation.config import DetectorConfig, EvaluateConfig, ReportConfig

    detector, boxes = options["detector"], pop_boxes(options)
    return EvaluateConfig(
        split=options["split"] or DEFAULT_SPLIT,
        run=options["run"],
        explain=options["explain"] or 0,
        image_root=options["image_root"],
        scoring=scoring_config(options),
        report=ReportConfig(options["thumbnails"], options["licence"], options["excel"]),
        detector=None if detector is None else DetectorConfig(detector, **boxes),
        taxonomy=options["taxonomy"],
    )


def _evaluate_model(
    model: Path, dataset: Path, output: Path, config: EvaluateConfig
) -> EvaluationResult:
    from ctc.cli.console import console
    from ctc.evaluation.run import evaluate_model

    return evaluate_model(model, dataset, output, config, console)


def _print_result(result: EvaluationResult, output: Path) -> None:
    from ctc.cli.console.console import info, warn
    from ctc.cli.console.formatting import print_table
    from ctc.evaluation.training_overlap import UNKNOWN, UNKNOWN_NOTE

    for note in result.evaluation.notes:
        warn(note)
    print_table(_HEADER, _rows(result.evaluation))
    for line in _rank_lines(result.evaluation):
        info(line)
    if result.evaluation.subject["trained"] == UNKNOWN:
        info(UNKNOWN_NOTE)
    _print_work_lists(result, output)
    info(f"all metrics are in '{output}'; report: '{result.report}'")


def _print_work_lists(result: EvaluationResult, output: Path) -> None:
    from ctc.cli.console.console import info
    from ctc.evaluation.worklists.review_lists import LABEL_ERRORS, TO_LABEL

    found = result.disagreements
    if found.labelled:
        info(
            f"the model disagrees with {found.total:,} of {counted(found.labelled, 'label')},"
            f" {found.confident:,} of them confidently: see '{output / LABEL_ERRORS}'"
        )
    if result.to_label:
        info(f"{counted(result.to_label, 'event')} worth labelling: see '{output / TO_LABEL}'")


def _rows(evaluation: Evaluation) -> list[tuple[str | int, ...]]:
    rows: list[tuple[str | int, ...]] = []
    for label, found in evaluation.labels.items():
        for unit, scores in found.units.items():
            promised = scores.automation.targets["0.95"].promised
            accepted = f"{promised.share:.0%}" if promised else "none"
            error = f"{scores.reliability.ece:.3f}"
            rows.append((label, unit, *_common_cells(scores), error, accepted))
    for label, several in evaluation.multi_label.items():
        for unit, multi_label in several.units.items():
            rows.append((label, unit, *_common_cells(multi_label), "", ""))
    return rows


def _rank_lines(evaluation: Evaluation) -> list[str]:
    return [
        f"accuracy of '{label}' by rank, per {unit}: "
        + ", ".join(f"{one.name} {one.top_1.value:.3f} (of {one.n:,})" for one in scores.ranks)
        for label, found in evaluation.labels.items()
        for unit, scores in found.units.items()
        if scores.ranks
    ]


def _common_cells(scores: UnitScores | MultiLabelScores) -> tuple[str | int, ...]:
    top = scores.top_1
    same = f"{top.low:.3f}-{top.high:.3f}"
    new = f"{top.new_low:.3f}-{top.new_high:.3f}" if top.has_new else "unknown"
    return scores.n, f"{top.value:.3f}", same, new, f"{scores.macro.f1.value:.3f}"
