"""Options of `ctc detect`, and the configuration that is built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import DECODE
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.photo_run import RUN, RUNTIME, SOURCES, pop_run_options

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
    type=click.Choice(["megadetector", "csv", "parquet", "coco"]),
    show_default="by the suffix of --output",
    help="Output format.",
)
BOXES = (
    option(
        "--min-confidence",
        type=click.FloatRange(0, 1),
        show_default="the detector's own, mostly 0.1",
        help="Lowest confidence of a box (0-1).",
    ),
    option(
        "--iou",
        type=click.FloatRange(0, 1),
        show_default="the detector's own, mostly 0.45",
        help="Largest overlap of two boxes (0-1, intersection over union): of those that overlap "
        "more, the surest remains.",
    ),
    option(
        "--tiles",
        type=click.IntRange(1, 8),
        default=1,
        metavar="N",
        help="Search N × N overlapping tiles of each photo as well as the whole: finds smaller "
        "animals, takes N × N + 1 times as long.",
    ),
    option(
        "--overlap",
        type=click.FloatRange(0, 0.5),
        default=0.2,
        help="How much neighbouring tiles overlap, as a share of a tile's side.",
    ),
)

_RUNTIME = tuple(one for one in RUNTIME if one is not DECODE)

detect_options = apply_options((OUTPUT, *SOURCES, *BOXES, FORMAT, *_RUNTIME, *RUN))


def to_config(options: dict[str, Any]) -> DetectConfig:
    """Build the configuration; raise UsageError for options that exclude each other."""
    from ctc.detection.detector import DetectionConfig
    from ctc.detection.tiles import TileConfig
    from ctc.inference.run.detect_run import DetectConfig

    options["decode"] = "cpu"
    run = pop_run_options(options)
    boxes = DetectionConfig(options.pop("min_confidence"), options.pop("iou"))
    tiles = TileConfig(options.pop("tiles"), options.pop("overlap"))
    return DetectConfig(**run, model=options.pop("detector"), boxes=boxes, tiles=tiles, **options)
