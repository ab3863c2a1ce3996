"""The command `ctc probe`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import AGGREGATION, PROVIDER, batch_size_option, threads_option
from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.option import option
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.scoring import LOCATION
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.cli.registry import PARTLY_FAILED
from ctc.errors import UsageError, require_extra
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.features.probe.config import ProbeConfig
    from ctc.features.probe.learning_curve import LearningCurve
    from ctc.features.probe.run import ProbeResult

REQUIRED_PACKAGES = ("onnx", "onnxruntime", "sklearn", "jinja2", "google.protobuf", "google_crc32c")


@click.command(
    cls=command_with(AGGREGATIONS),
    epilog="Example: ctc probe features.onnx dataset --label species --output model.onnx",
)
@click.argument("features_file", type=PATH_OR_URL, metavar="FEATURES")
@click.argument("dataset_folder", type=PATH_OR_URL, metavar="DATASET")
@option("--output", type=PATH_OR_URL, required=True, help="ONNX file to write.")
@option(
    "--label",
    "labels",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Label to learn. Repeatable.",
)
@option(
    "--multi-label",
    multiple=True,
    metavar="NAME",
    help="A --label that may have several classes at once. Repeatable.",
)
@option(
    "--class-weights",
    type=click.Choice(["none", "sqrt", "balanced"]),
    default="none",
    help="Weight of a photo's loss by its class, for classes that are rare.",
)
@option(
    "--view",
    "views",
    type=click.Choice(["flip", "zoom"]),
    multiple=True,
    show_default="the photo as it is",
    help="Learn also from the mirrored photo, or from its enlarged centre. Repeatable.",
)
@option(
    "--cache",
    type=PATH_OR_URL,
    metavar="DIR",
    show_default="DATASET.features",
    help="Folder that keeps the features of photos for the next run.",
)
@option(
    "--false-alarms",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    default=0.05,
    help="At most this share of events of known classes is called 'unlike anything learnt'.",
)
@option(
    "--strangers/--no-strangers",
    default=True,
    help="Fit how far a photo is from all that was learnt, which `ctc predict` tells.",
)
@option(
    "--shots",
    type=click.IntRange(1),
    multiple=True,
    show_default="none",
    help="Also measure what N photos per class would have given: a learning curve. Repeatable.",
)
@option(
    "--draws",
    type=click.IntRange(1, 1000),
    default=10,
    help="Random draws of photos for each --shots.",
)
@option("--seed", type=click.IntRange(0), default=0, help="Random seed.")
@AGGREGATION
@LOCATION
@PROVIDER
@batch_size_option("Inference batch size; auto benchmarks sizes before long runs.")
@threads_option("all")
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    features_file: Path, dataset_folder: Path, output: Path, overwrite: bool, **options: Any
) -> int:
    """Learn the classes of a DATASET from the FEATURES of a network that is not trained.

    FEATURES is any model file with features, such as one of `ctc import --features` or `ctc export
    --features`. The features of each photo are computed once and kept. A linear layer per label is
    fitted to those of the split 'train'; its penalty is chosen on the split 'val'. The result is an
    ordinary model file with the network inside.
    """
    check_model_output(output, overwrite)
    if output.resolve() == features_file.resolve():
        raise UsageError(
            f"'{output}' is the feature network itself: give --output the name of a new file"
        )
    require_extra("ctc probe", "cpu,report", REQUIRED_PACKAGES)
    from ctc.cli.console import console
    from ctc.features.probe.run import probe

    result = probe(features_file, dataset_folder, output, _config(options), console)
    _print_result(result)
    if result.curves:
        _write_curves(output, result.curves)
    return PARTLY_FAILED if result.failures else 0


def _config(options: dict[str, Any]) -> ProbeConfig:
    from ctc.cli.options.inference import pop_runtime
    from ctc.features.probe.config import ProbeConfig
    from ctc.hardware import usable_cores

    runtime = pop_runtime(options, usable_cores())
    if not options.pop("strangers"):
        options["false_alarms"] = None
    views = ("original", *dict.fromkeys(options.pop("views")))
    return ProbeConfig(runtime=runtime, views=views, **options)


def _write_curves(output: Path, curves: Sequence[LearningCurve]) -> None:
    from ctc.cli.console.console import info
    from ctc.cli.console.formatting import print_table
    from ctc.evaluation.html.learning_curve_page import write_learning_curve_page
    from ctc.features.probe.curve_files import curve_path, write_curve_files

    print_table(
        ("label", "photos per class", "photos", "draws", "accuracy", "95 % interval"),
        [
            (
                curve.label,
                "all" if point.shots is None else point.shots,
                f"{point.photos:,.0f}",
                point.draws,
                f"{point.accuracy:.3f}",
                f"{point.low:.3f}-{point.high:.3f}",
            )
            for curve in curves
            for point in curve.points
        ],
    )
    page = curve_path(output, ".html")
    write_learning_curve_page(page, output, curves)
    as_json, as_csv = write_curve_files(output, curves)
    for curve in curves:
        info(curve.advice)
    info(f"the learning curve is in '{page}', '{as_json}' and '{as_csv}'")


def _print_result(result: ProbeResult) -> None:
    from ctc.cli.console.console import info, warn
    from ctc.cli.console.formatting import print_table

    for note in result.notes:
        warn(note)
    print_table(
        ("label", "split", "accuracy of events", "95 % interval", "over", "penalty"),
        [
            (
                label,
                split,
                f"{share.value:.3f}",
                f"{share.low:.3f}-{share.high:.3f}",
                share.over,
                f"{result.heads.labels[label].penalty:.2g}",
            )
            for split, shares in result.accuracies.items()
            for label, share in shares.items()
        ],
    )
    if result.strangers:
        info(result.strangers.describe())
    info(
        f"'{result.output}': parity with the fit on "
        f"{counted(result.parity_photos, 'photo')} of '{result.parity_split}': "
        f"max abs difference {result.difference:.1g}"
    )
