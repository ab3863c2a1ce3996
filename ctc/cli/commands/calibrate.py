"""ctc calibrate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.boxes import BOXES, DETECTOR, pop_boxes, require_detector
from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.scoring import (
    require_report_packages,
    scoring_config,
    scoring_options_with,
)
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.artifacts.model.threshold_promise import ClassThreshold
    from ctc.evaluation.calibration.calibrate import CalibrationResult, LabelCalibration

SCORING = scoring_options_with("16; with --detector measured")
OPEN_UNIT_INTERVAL = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    cls=command_with(AGGREGATIONS),
    epilog="Example: ctc calibrate model.onnx dataset --split val --output calibrated.onnx",
)
@click.argument("model_file", type=PATH_OR_URL, metavar="MODEL")
@click.argument("dataset_folder", type=PATH_OR_URL, metavar="DATASET")
@option(
    "--split",
    metavar="NAME",
    default="val",
    help="Split that the model was not trained on.",
)
@option("--output", type=PATH_OR_URL, required=True, help="The ONNX file to write.")
@option(
    "--method",
    type=click.Choice(["auto", "temperature", "vector"]),
    default="auto",
    help="Temperature scaling (one parameter) or vector scaling (a scale and a bias per class);"
    " auto takes vector scaling where it is surely better on locations that it was not fitted to.",
)
@option(
    "--precision",
    type=OPEN_UNIT_INTERVAL,
    default=0.95,
    help="Target precision per class.",
)
@option(
    "--confidence",
    type=OPEN_UNIT_INTERVAL,
    default=0.95,
    help="Confidence level of that target.",
)
@option(
    "--joint",
    is_flag=True,
    help="Promise the precision for all classes of all labels at once, not for each on its own.",
)
@option(
    "--promise-for",
    type=click.Choice(["new-locations", "same-locations"]),
    show_default="new-locations where several locations are known",
    help="Whom thresholds are for: other locations of the same kind, or other events of the"
    " locations of the split.",
)
@option(
    "--taxonomy",
    type=PATH_OR_URL,
    metavar="FILE",
    help="CSV with the kingdom, …, genus, species of classes, or SpeciesNet's labels: also find a "
    "threshold for each rank, for `ctc predict --roll-up`.  [default: that of the model]",
)
@option(
    "--blank-loss",
    type=OPEN_UNIT_INTERVAL,
    metavar="SHARE",
    help="Also find which events `ctc predict --drop-blanks` may drop as blank: with the confidence"
    " level above at most this share of the events with animals.  [default: none]",
)
@option(
    "--false-alarms",
    type=OPEN_UNIT_INTERVAL,
    metavar="SHARE",
    default=0.05,
    help="Of a model with features: at most this share of events of known classes is called"
    " 'unlike anything learnt'.",
)
@option(
    "--strangers/--no-strangers",
    default=True,
    help="Fit how far a photo is from all that was learnt, if the model has features and doesn't"
    " tell yet.",
)
@option(
    "--pooling/--no-pooling",
    default=True,
    help="Fit how much each photo of an event counts, if the model has features and no"
    " --aggregation is given; kept where it is better on locations that it was not fitted to.",
)
@option(
    "--cascade",
    is_flag=True,
    help="With --detector and --blank-loss: also fit what `ctc predict --cascade` needs, which asks"
    " the detector only where the model is not sure that a photo is blank.",
)
@apply_options((DETECTOR, *BOXES))
@SCORING
def command(
    model_file: Path, dataset_folder: Path, output: Path, overwrite: bool, **options: Any
) -> None:
    """Calibrate the probabilities of a MODEL, and find a confidence threshold for each class.

    Both are fitted on a split of the DATASET and stored in a copy of the model file, which `ctc
    predict` applies. With --detector, thresholds and promises are also fitted for the animals that
    it finds, as in `ctc predict --detector`, and the answers of both networks are fused. A model
    with features also learns to tell what is unlike the split 'train'.
    """
    require_report_packages("calibrate")
    require_detector(options)
    if options["cascade"] and (options["detector"] is None or options["blank_loss"] is None):
        raise UsageError("--cascade needs --detector and --blank-loss: add them, or leave it out")
    check_model_output(output, overwrite)
    if output.resolve() == model_file.resolve():
        raise UsageError(f"'{output}' is the model itself: give --output the name of a new file")
    from ctc.cli.console import console
    from ctc.evaluation.calibration.promises.threshold_text import threshold_lines
    from ctc.evaluation.config import CalibrateConfig, DetectorConfig
    from ctc.evaluation.run_calibration import calibrate_model

    if not options.pop("strangers"):
        options["false_alarms"] = None
    detector, boxes, cascade = options.pop("detector"), pop_boxes(options), options.pop("cascade")
    if detector is not None:
        options["detector"] = DetectorConfig(detector, **boxes, cascade=cascade)
    config = CalibrateConfig(scoring=scoring_config(options), **options)
    result = calibrate_model(model_file, dataset_folder, output, config, console)
    _print_result(result, config.split)
    for line in threshold_lines(result.thresholds):
        console.info(line)


def _print_result(result: CalibrationResult, split: str) -> None:
    from ctc.cli.console import console
    from ctc.cli.console.formatting import print_table

    print_table(
        (
            "label",
            "method",
            "temperature",
            "log loss before",
            "log loss after",
            "error before",
            "error after",
        ),
        [_calibration_row(label, found) for label, found in result.labels.items()],
    )
    found = next(iter(result.labels.values()))
    if found.after:
        console.info(
            f"after: of answers that were not fitted to, {found.folds} folds of whole "
            f"{found.folds_of} of split '{split}'"
        )
    print_table(
        (
            "label",
            "class",
            "threshold",
            "answers",
            "accepted",
            "locations",
            "precision",
            "at least",
            "why none",
        ),
        [
            _threshold_row(promise.label, threshold)
            for promise in result.chosen_thresholds
            for threshold in promise.classes
        ],
    )


def _calibration_row(label: str, found: LabelCalibration) -> tuple[str, ...]:
    method = found.calibration.method
    temperature = f"{found.calibration.temperature:.2f}" if method == "temperature" else ""
    before, after = found.before, found.after
    return (
        label,
        method,
        temperature,
        f"{before.nll:.3f}",
        f"{after.nll:.3f}" if after else "",
        f"{before.reliability.ece:.3f}",
        f"{after.reliability.ece:.3f}" if after else "",
    )


def _threshold_row(label: str, found: ClassThreshold) -> tuple[str | int, ...]:
    if found.threshold is None:
        row: tuple[str | int, ...] = (label, found.name, "none", found.answers, 0, found.locations)
        return (*row, "", "", found.refusal or "")
    return (
        label,
        found.name,
        f"{found.threshold:.3f}",
        found.answers,
        found.accepted,
        found.locations,
        f"{found.precision:.3f}",
        f"{found.at_least:.3f}",
        "",
    )
