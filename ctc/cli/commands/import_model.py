"""The command `ctc import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.cli.options.network import Size, Triple
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.errors import OutputExistsError, UsageError, require_extra

REQUIRED_PACKAGES = ("onnx", "onnxruntime")
_READ = "as a file beside the network says"
_GRAPH = f"as the network or {_READ[3:]}"


def _default_agreement() -> str:
    from ctc.export.config import MIN_AGREEMENT

    return ", ".join(f"{precision} {share:g}" for precision, share in MIN_AGREEMENT.items())


_CLASSES = (
    option(
        "--classes",
        type=PATH_OR_URL,
        metavar="FILE",
        show_default=_READ,
        help="The classes in the order of the output: text with one per line, CSV with a column"
        " 'class', JSON, or SpeciesNet's labels.",
    ),
    option("--label", metavar="NAME", default="species", help="Name of the output."),
)
_PREPROCESSING = (
    option("--size", type=Size(), show_default=_GRAPH, help="Height and width of the input."),
    option(
        "--resize",
        type=click.Choice(["stretch", "fit-crop", "letterbox"]),
        show_default=f"{_READ}, or else stretch",
        help="How a photo is brought to this size: stretched; its centre cropped; or put on grey.",
    ),
    option(
        "--scale",
        type=click.FloatRange(0, min_open=True),
        metavar="S",
        show_default=f"{_READ}, or else 255",
        help="The network gets pixels / S, minus --mean, divided by --std.",
    ),
    option("--mean", type=Triple(), show_default=f"{_READ}, or else 0", help="Means to subtract."),
    option("--std", type=Triple(), show_default=f"{_READ}, or else 1", help="Divisors."),
    option(
        "--layout",
        type=click.Choice(["nchw", "nhwc"]),
        show_default=_GRAPH,
        help="Order of the input's axes: channels before height and width, or behind.",
    ),
    option(
        "--channels",
        type=click.Choice(["rgb", "bgr"]),
        show_default=f"{_READ}, or else rgb",
        help="Order of the input's channels; --mean and --std are in this order too.",
    ),
)
_ENDS = (
    option(
        "--activation",
        type=click.Choice(["softmax", "sigmoid", "none"]),
        show_default="none if the network ends with one, else softmax",
        help="Turns the output into probabilities; sigmoid for several classes at once.",
    ),
    option("--input-name", metavar="NAME", show_default="the only one", help="The input."),
    option(
        "--output-name",
        metavar="NAME",
        show_default="the one with as many numbers as classes",
        help="The output, or inner tensor, with the classes.",
    ),
    option(
        "--features",
        metavar="NAME",
        help="Add this output or inner tensor, pooled, as features; auto is the input of the last"
        " layer. A network without classes is imported for its features alone.",
    ),
)
_ABOUT = (
    option("--licence", metavar="TEXT", show_default=_READ, help="Licence of the weights."),
    option("--source", metavar="TEXT", show_default=_READ, help="Where the network is from."),
)
_COMPARISON = (
    option(
        "--photos",
        type=PATH_OR_URL,
        metavar="DIR",
        show_default="--calibration-photos, or else drawn pictures",
        help="Photos to compare the file with the original network on.",
    ),
    option(
        "--precision",
        type=click.Choice(["float32", "float16", "int8"]),
        default="float32",
        help="Precision of the weights: float16 halves the file, int8 is fastest on CPUs.",
    ),
    option(
        "--calibration-photos",
        type=PATH_OR_URL,
        metavar="DIR",
        help="Photos for the calibration of int8, up to 512; some hundred are enough.",
    ),
    option(
        "--min-agreement",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        show_default=_default_agreement,
        help="Share of the compared photos that must keep their top class.",
    ),
)


@click.command(
    epilog="Example: ctc import resnet50.onnx --classes classes.txt --mean 0.485,0.456,0.406"
    " --std 0.229,0.224,0.225 --output model.onnx"
)
@click.argument("network", type=PATH_OR_URL)
@option("--output", type=PATH_OR_URL, required=True, help="ONNX file to write.")
@apply_options((*_CLASSES, *_PREPROCESSING, *_ENDS, *_ABOUT, *_COMPARISON))
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(network: Path, output: Path, overwrite: bool, **options: Any) -> None:
    """Import a NETWORK of another program as a model file.

    What stands in the file and beside it is read (config.json, preprocessor_config.json,
    manifest.toml and others); options win over it. The written file takes photos as they are, and
    its answers are compared with the network's own: it is written only if no probability differs by
    more than 0.00001.
    """
    if output.is_dir() or output.resolve() == network.resolve():
        raise UsageError(
            f"'{output}' is a folder or the network itself: give --output the name of a new file"
        )
    if output.exists() and not overwrite:
        raise OutputExistsError(output)
    require_extra("ctc import", "cpu,report", REQUIRED_PACKAGES)
    from ctc.cli.console import console
    from ctc.model_import.config import ImportConfig
    from ctc.model_import.run import import_network

    result = import_network(ImportConfig(network, output, **options), console)
    for line in result.lines():
        console.info(line)
