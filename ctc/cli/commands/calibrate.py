"""ctc calibrate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.scoring import require_extra, scoring_options
from ctc.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from ctc.evaluation.calibration.calibrate import CalibrationResult, LabelCalibration
    from ctc.evaluation.calibration.thresholds import ClassThreshold

OPEN_UNIT_INTERVAL = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    epilog="Example: ctc calibrate model.onnx dataset --split val --output calibrated.onnx"
)
@click.argument("model_file", type=PATH_OR_URL, metavar="MODEL")
@click.argument("dataset_folder", type=PATH_OR_URL, metavar="DATASET")
@click.option(
    "--split",
    metavar="NAME",
    default="val",
    show_default=True,
    help="Split that the model didn't learn from.",
)
@click.option("--output", type=PATH_OR_URL, required=True, help="The ONNX file to write.")
@click.option(
    "--method", type=click.Choice(["auto", "temperature", "vector"]), default="auto", show_default=True,
    help="One temperature, or a scale and a bias per class; auto takes the second where data allow and it helps.",
)  # fmt: skip
@click.option(
    "--precision",
    type=OPEN_UNIT_INTERVAL,
    default=0.95,
    show_default=True,
    help="That every class's threshold is to reach.",
)
@click.option(
    "--confidence",
    type=OPEN_UNIT_INTERVAL,
    default=0.95,
    show_default=True,
    help="With which it is to reach it.",
)
@scoring_options
def command(
    model_file: Path, dataset_folder: Path, output: Path, overwrite: bool, **options: Any
) -> None:
    """Make the probabilities of a MODEL mean what they say, and find from which one on each class
    can be believed.

    Both is fitted on a split of the DATASET, put into a copy of the model file, and used by `ctc
    predict`."""
    require_extra("calibrate")
    if output.is_dir() or output.resolve() == model_file.resolve():
        raise UsageError(
            f"'{output}' is a folder or the model itself: give --output the name of a new file"
        )
    if output.exists() and not overwrite:
        raise OutputExistsError(output)
    from ctc.evaluation.run_calibration import calibrate_model

    fitted = calibrate_model(model_file, dataset_folder, output, options)
    _print_results(fitted)


def _print_results(fitted: CalibrationResult) -> None:
    from ctc.cli.console.formatting import print_table

    header = ("label", "method", "temperature", "error before", "error after")
    print_table(header, [_calibration_row(label, found) for label, found in fitted.labels.items()])
    rows = [
        _threshold_row(label, one)
        for label, found in fitted.labels.items()
        for one in found.thresholds
    ]
    print_table(
        ("label", "class", "threshold", "events", "accepted", "precision", "at least"), rows
    )


def _calibration_row(label: str, found: LabelCalibration) -> tuple[str, ...]:
    method, errors = (
        found.calibration.method,
        (found.before.reliability.ece, found.after.reliability.ece),
    )
    temperature = f"{found.calibration.temperature:.2f}" if method == "temperature" else ""
    return label, method, temperature, *(f"{error:.3f}" for error in errors)


def _threshold_row(label: str, one: ClassThreshold) -> tuple[str | int, ...]:
    if one.threshold is None:
        return label, one.name, "none", one.predicted, 0, "", ""
    return (
        label,
        one.name,
        f"{one.threshold:.3f}",
        one.predicted,
        one.accepted,
        f"{one.precision:.3f}",
        f"{one.at_least:.3f}",
    )
