"""The command `ctc export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH, PATH_OR_URL
from ctc.errors import UsageError, require_extra

if TYPE_CHECKING:
    from ctc.export.config import ExportPrecision

REQUIRED_PACKAGES = ("tensorflow", "tf2onnx", "onnx", "onnxruntime")


def _default_agreement() -> str:
    from ctc.export.config import MIN_AGREEMENT

    return ", ".join(f"{precision} {share:g}" for precision, share in MIN_AGREEMENT.items())


def _default_photos() -> str:
    from ctc.export.config import CALIBRATION_PHOTOS

    return str(CALIBRATION_PHOTOS)


@click.command(epilog="Example: ctc export run --output model.onnx --precision int8")
@click.argument("run_folder", type=PATH, metavar="RUN")
@option("--output", type=PATH_OR_URL, required=True, help="ONNX file to write.")
@option(
    "--precision",
    type=click.Choice(["float32", "float16", "int8"]),
    default="float32",
    help="Precision of the weights: float16 halves the file, int8 is fastest on CPUs.",
)
@option(
    "--min-agreement",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    show_default=_default_agreement,
    help="Share of held-out photos that must keep their top class.",
)
@option(
    "--calibration-photos",
    type=click.IntRange(1),
    show_default=_default_photos,
    help="Maximum number of train photos for the calibration of int8.",
)
@option(
    "--features",
    is_flag=True,
    help="Add the output 'features': what the heads take, for `ctc embed` and `ctc probe`.",
)
@option(
    "--dataset",
    type=PATH_OR_URL,
    metavar="DIR",
    show_default="as in the run",
    help="Folder of the run's dataset, if it was moved.",
)
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    run_folder: Path,
    output: Path,
    precision: ExportPrecision,
    min_agreement: float | None,
    calibration_photos: int | None,
    features: bool,
    dataset: Path | None,
    overwrite: bool,
) -> None:
    """Export a RUN of `ctc train` to one model.onnx file.

    The file holds everything that prediction needs: network, normalisation, classes and
    preprocessing. The exported model is compared with the trained network on up to 512 held-out
    photos of the dataset. It is not written when too few of them keep their top class. With
    --features the file has one more output, which older versions of ctc pass over.
    """
    from ctc.artifacts.run import Run
    from ctc.cli.console.console import info
    from ctc.export.config import CALIBRATION_PHOTOS, ExportConfig
    from ctc.training.distributed.backend import start_backend

    if calibration_photos is not None and precision != "int8":
        raise UsageError(
            f"--calibration-photos is for int8, not '{precision}': leave it out, or add "
            "--precision int8"
        )
    config = ExportConfig(
        precision, min_agreement, calibration_photos or CALIBRATION_PHOTOS, features
    )
    run = Run(run_folder)
    run_info = run.read()
    check_model_output(output, overwrite)
    require_extra("export", "cpu,train", REQUIRED_PACKAGES)
    start_backend()
    from ctc.export.export import export_model
    from ctc.export.sample import open_run_dataset
    from ctc.plugin.manager import plugins
    from ctc.training.model.network import load_network

    model = load_network(run, plugins())
    report = export_model(model, run_info, open_run_dataset(run_info, dataset), output, config)
    for line in report.lines():
        info(line)
