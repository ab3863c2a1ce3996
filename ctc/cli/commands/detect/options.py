"""Options of `ctc detect`, and the configuration that is built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.boxes import BOXES, REPEATS, pop_boxes
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.photo_run import RUN, RUNTIME, SOURCES, pop_run_options
from ctc.cli.options.values.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.inference.run.detect_run import DetectConfig

OUTPUT = option(
    "--output",
    type=PATH_OR_URL,
    required=True,
    help="File to write; its suffix selects the format: .json, .csv, .parquet, .coco.json.",
)
FORMAT = option(
    "--format",
    type=click.Choice(["megadetector", "csv", "parquet", "coco", "crops"]),
    show_default="by the suffix of --output",
    help="Output format; crops: a folder per category with the square around each box as a JPEG.",
)

detect_options = apply_options((OUTPUT, *SOURCES, *BOXES, REPEATS, FORMAT, *RUNTIME, *RUN))


def to_config(options: dict[str, Any]) -> DetectConfig:
    """Build the configuration; raise UsageError for options that exclude each other."""
    from ctc.inference.run.detect_run import DetectConfig

    run = pop_run_options(options)
    return DetectConfig(**run, model=options.pop("detector"), **pop_boxes(options), **options)
