"""The command `ctc import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.network import CATEGORY_TYPES, CategoryMeaning, Size, Triple
from ctc.cli.options.option import PluginName, apply_options, option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError, require_extra
from ctc.storage.paths import is_remote

REQUIRED_PACKAGES = ("onnx", "onnxruntime")
DETECTOR_OPTIONS = ("detector", "categories", "other_categories", "min_confidence", "iou")
_FLAGS = {"categories": "--category", "calibration_photos": "--calibration-photos"}
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
    option(
        "--size",
        type=Size(),
        metavar="HxW",
        show_default=_GRAPH,
        help="Height and width of the input.",
    ),
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
_DETECTOR = (
    option(
        "--detector",
        type=PluginName("Detector"),
        metavar="LAYOUT",
        show_default="for files that say they are detectors, auto",
        help="Import a detector, whose outputs have this layout; auto finds it by their shapes. "
        "--classes are then its categories.",
    ),
    option(
        "--category",
        "categories",
        type=CategoryMeaning(),
        multiple=True,
        help="What a category of a detector is: animal, human, vehicle, blank or ignored. NAME may "
        "be its number, from 0. Repeatable.",
    ),
    option(
        "--other-categories",
        type=click.Choice(CATEGORY_TYPES),
        help="What the categories of a detector are whose names are not known.",
    ),
    option(
        "--min-confidence",
        type=click.FloatRange(0, 1),
        show_default=f"{_READ}, or else 0.1",
        help="Lowest confidence of a box that `ctc detect` takes (0-1).",
    ),
    option(
        "--iou",
        type=click.FloatRange(0, 1),
        show_default=f"{_READ}, or else 0.45",
        help="Largest overlap of two boxes that `ctc detect` takes (0-1).",
    ),
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
@apply_options((*_CLASSES, *_PREPROCESSING, *_ENDS, *_ABOUT, *_DETECTOR, *_COMPARISON))
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(network: Path, output: Path, overwrite: bool, **options: Any) -> None:
    """Import a NETWORK of another program as a model file.

    NETWORK is ONNX, a file of Keras (.keras, .h5), or the .hdf5 of camera-trap-classifier 2.x.

    What stands in the file and beside it is read (config.json, preprocessor_config.json,
    manifest.toml and others); options win over it. The written file takes photos as they are, and
    its answers are compared with the network's own: it is written only if no probability differs by
    more than 0.00001.
    """
    check_model_output(output, overwrite)
    if not is_remote(network) and output.resolve() == network.resolve():
        raise UsageError(f"'{output}' is the network itself: give --output the name of a new file")
    require_extra("ctc import", "cpu,report", REQUIRED_PACKAGES)
    from ctc.storage.folder_lock import lock_output

    with lock_output(output, "ctc import"):
        check_model_output(output, overwrite)  # another import may have written it meanwhile
        _import(network, output, options)


def _import(network: Path, output: Path, options: dict[str, Any]) -> None:
    """Import a detector or a classifier; raises CtcError."""
    from ctc.cli.console import console
    from ctc.model_import.config import ImportConfig
    from ctc.model_import.detector import says_detector

    detecting = {name: options.pop(name) for name in DETECTOR_OPTIONS}
    if detecting["detector"] or says_detector(network):
        _import_detector(network, output, options, detecting)
        return
    if given := [name for name, value in detecting.items() if value not in (None, ())]:
        raise UsageError(f"{_flag(given[0])} is for detectors: add --detector, or leave it out")
    from ctc.model_import.run import import_network

    result = import_network(ImportConfig(network, output, **options), console)
    for line in result.lines():
        console.info(line)


def _import_detector(
    network: Path, output: Path, options: dict[str, Any], detecting: dict[str, Any]
) -> None:
    from ctc.cli.console import console
    from ctc.model_import.detector import AUTO, DetectorImport, import_detector

    taken = (
        *("classes", "size", "scale", "mean", "std", "channels", "licence", "source", "resize"),
        *("precision", "calibration_photos", "min_agreement"),
    )
    chosen = {name: options.pop(name) for name in taken}
    defaults = {"label": "species"}
    for name, value in options.items():
        if value != defaults.get(name):
            raise UsageError(f"{_flag(name)} is for classifiers: leave it out for a detector")
    if chosen["resize"] == "fit-crop":
        raise UsageError("--resize fit-crop is for classifiers: give letterbox or stretch")
    config = DetectorImport(
        network,
        output,
        detecting["detector"] or AUTO,
        types=dict(detecting["categories"]),
        others=detecting["other_categories"],
        min_confidence=detecting["min_confidence"],
        max_iou=detecting["iou"],
        **chosen,
    )
    for line in import_detector(config, console).lines():
        console.info(line)


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")
