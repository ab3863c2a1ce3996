"""ctc export"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ctc.export.export import Precision

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: ctc export run --output model.onnx")
@click.argument("run_folder", type=PATH, metavar="RUN")
@click.option("--output", type=PATH, required=True, help="The ONNX file to write.")
@click.option("--dataset", type=PATH, metavar="DIR", help="Where the run's dataset is now, if it was moved.")
@click.option(
    "--precision", type=click.Choice(["float32"]), default="float32", show_default=True, help="Numbers in the file."
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier file at --output.")
def command(run_folder: Path, output: Path, dataset: Path | None, precision: Precision, overwrite: bool) -> None:
    """Turn a RUN that `ctc train` made into one model.onnx file.

    The file holds all that prediction needs: normalisation, classes and preprocessing. It is compared with the trained network on
    photos of the dataset, and not written when the two differ by more than 0.0001.
    """
    from ctc.artifacts.run import Run
    from ctc.cli.console import say
    from ctc.errors import MissingExtraError, OutputExistsError, UsageError
    from ctc.training.backend import start_backend

    run = Run(run_folder)
    info = run.read()
    if output.is_dir():
        raise UsageError(f"'{output}' is a folder: give --output the name of a file, such as '{output / 'model.onnx'}'")
    if output.exists() and not overwrite:
        raise OutputExistsError(output)
    if not all(map(find_spec, ("tensorflow", "tf2onnx", "onnx", "onnxruntime"))):
        raise MissingExtraError("export", "cpu,train")
    start_backend()
    from ctc.export.export import export_model
    from ctc.export.sample import open_dataset, real_photos
    from ctc.plugin.manager import plugins
    from ctc.training.network import load_network

    photos = real_photos(open_dataset(info, dataset), info)
    report = export_model(load_network(run, plugins()), info, photos, output, precision)
    parity = report.parity
    say(f"'{report.output}': {report.bytes / 1e6:.1f} MB, labels {', '.join(info.labels)}")
    say(f"at most {parity.largest_difference:.1g} from the trained network on {parity.photos} photos")
