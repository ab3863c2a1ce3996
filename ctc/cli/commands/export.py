"""ctc export"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH, PATH_OR_URL

if TYPE_CHECKING:
    from ctc.export.config import ExportPrecision


# fmt: off
@click.command(epilog="Example: ctc export run --output model.onnx --precision int8")
@click.argument("run_folder", type=PATH, metavar="RUN")
@option("--output", type=PATH_OR_URL, required=True, help="The ONNX file to write.")
@option("--precision", type=click.Choice(["float32", "float16", "int8"]), default="float32",
              help="Numbers in the file: float16 halves its size, int8 is fastest on CPUs.")
@option("--min-agreement", type=click.FloatRange(0, 1), metavar="SHARE",
              help="Share of held-out photos that must keep their top class: 0.99, for int8 0.97.")
@option("--calibration-photos", type=click.IntRange(1), metavar="N",
              help="At most so many train photos to calibrate int8 on (512).")
@option("--dataset", type=PATH_OR_URL, metavar="DIR", help="Where the run's dataset is now, if it was moved.")
@option("--overwrite", is_flag=True, help="Replace an earlier file at --output.")
def command(
    run_folder: Path, output: Path, precision: ExportPrecision, min_agreement: float | None, calibration_photos: int | None,
    dataset: Path | None, overwrite: bool,
) -> None:
    # fmt: on
    """Turn a RUN that `ctc train` made into one model.onnx file.

    The file holds all that prediction needs: normalisation, classes and preprocessing. It is
    compared with the trained network on up to 512 held-out photos of the dataset, and not written
    when too few of them keep their top class. """
    from ctc.artifacts.run import Run
    from ctc.cli.console.console import info
    from ctc.errors import MissingExtraError, OutputExistsError, UsageError
    from ctc.export.config import CALIBRATION_PHOTOS, ExportConfig
    from ctc.training.distributed.backend import start_backend

    if calibration_photos is not None and precision != "int8":
        raise UsageError(f"--calibration-photos is for int8, not '{precision}': leave it out, or add --precision int8")
    config = ExportConfig(precision, min_agreement, calibration_photos or CALIBRATION_PHOTOS)
    run = Run(run_folder)
    run_info = run.read()
    if output.is_dir():
        raise UsageError(f"'{output}' is a folder: give --output the name of a file, such as '{output / 'model.onnx'}'")
    if output.exists() and not overwrite:
        raise OutputExistsError(output)
    if not all(map(find_spec, ("tensorflow", "tf2onnx", "onnx", "onnxruntime"))):
        raise MissingExtraError("export", "cpu,train")
    start_backend()
    from ctc.export.export import export_model
    from ctc.export.sample import open_run_dataset
    from ctc.plugin.manager import plugins
    from ctc.training.model.network import load_network

    report = export_model(load_network(run, plugins()), run_info, open_run_dataset(run_info, dataset), output, config)
    for line in report.lines():
        info(line)
