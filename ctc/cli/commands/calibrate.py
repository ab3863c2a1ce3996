"""ctc calibrate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.scoring import require_report_packages, scoring_config, scoring_options
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.evaluation.calibration.calibrate import CalibrationResult, LabelCalibration
    from ctc.evaluation.calibration.thresholds import ClassThreshold

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
    " auto takes vector scaling where there are enough photos and it fits better.",
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
@scoring_options
def command(
    model_file: Path, dataset_folder: Path, output: Path, overwrite: bool, **options: Any
) -> None:
    """Calibrate the probabilities of a MODEL, and find a confidence threshold for each class.

    Both are fitted on a split of the DATASET and stored in a copy of the model file, which `ctc
    predict` applies. A model with features also learns to tell what is unlike the split 'train'.
    """
    require_report_packages("calibrate")
    check_model_output(output, overwrite)
    if output.resolve() == model_file.resolve():
        raise UsageError(f"'{output}' is the model itself: give --output the name of a new file")
    from ctc.cli.console import console
    from ctc.evaluation.config import CalibrateConfig
    from ctc.evaluation.run_calibration import calibrate_model

    if not options.pop("strangers"):
        options["false_alarms"] = None
    config = CalibrateConfig(scoring=scoring_config(options), **options)
    result = calibrate_model(model_file, dataset_folder, output, config, console)
    _print_result(result)
    console.info(
        f"these errors and precisions are those of split '{config.split}', to which calibration and"
        f" thresholds were fitted: for new photos, run `ctc evaluate` on '{output}' and another"
        " split"
    )


def _print_result(result: CalibrationResult) -> None:
    from ctc.cli.console.formatting import print_table

    print_table(
        ("label", "method", "temperature", "error before", "error after (fitted)"),
        [_calibration_row(label, found) for label, found in result.labels.items()],
    )
    print_table(
        (
            "label",
            "class",
            "threshold",
            "events",
            "accepted",
            "precision (fitted)",
            "lower bound",
        ),
        [
            _threshold_row(label, threshold)
            for label, found in result.labels.items()
            for threshold in found.thresholds
        ],
    )


def _calibration_row(label: str, found: LabelCalibration) -> tuple[str, ...]:
    method = found.calibration.method
    temperature = f"{found.calibration.temperature:.2f}" if method == "temperature" else ""
    errors = (found.before.reliability.ece, found.after.reliability.ece)
    return label, method, temperature, *(f"{error:.3f}" for error in errors)


def _threshold_row(label: str, found: ClassThreshold) -> tuple[str | int, ...]:
    if found.threshold is None:
        return label, found.name, "none", found.predicted, 0, "", ""
    return (
        label,
        found.name,
        f"{found.threshold:.3f}",
        found.predicted,
        found.accepted,
        f"{found.precision:.3f}",
        f"{found.at_least:.3f}",
    )
