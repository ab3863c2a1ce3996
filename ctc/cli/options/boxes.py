"""Options of commands that use a detector."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.options.option import Decorator, option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError

DEFAULT_TILES, DEFAULT_OVERLAP = 1, 0.2


def detector_option(verb: str) -> Decorator:
    """Return `--detector` of a command that does this with the animals."""
    return option(
        "--detector",
        type=PATH_OR_URL,
        metavar="FILE",
        help=f"Find the animals with this detector first, and {verb} each in the square around its "
        "box.",
    )


DETECTOR = detector_option("predict")
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
        default=DEFAULT_TILES,
        metavar="N",
        help="Search N × N overlapping tiles of each photo as well as the whole: finds smaller "
        "animals, takes N × N + 1 times as long.",
    ),
    option(
        "--overlap",
        type=click.FloatRange(0, 0.5),
        default=DEFAULT_OVERLAP,
        help="How much neighbouring tiles overlap, as a share of a tile's side.",
    ),
)
REPEATS = option(
    "--repeats",
    type=PATH_OR_URL,
    metavar="FILE",
    help="List of `ctc detect repeats`: boxes at its places are set aside.",
)


def pop_boxes(options: dict[str, Any]) -> dict[str, Any]:
    """Take the values of BOXES out of `options`, as the fields `boxes` and `tiles`."""
    from ctc.detection.detector import DetectionConfig
    from ctc.detection.tiles import TileConfig

    return {
        "boxes": DetectionConfig(options.pop("min_confidence"), options.pop("iou")),
        "tiles": TileConfig(options.pop("tiles"), options.pop("overlap")),
    }


def require_detector(options: dict[str, Any]) -> None:
    """Raise UsageError when one of BOXES, or REPEATS, or --cascade is given without a detector."""
    given = {
        "--min-confidence": options["min_confidence"] is not None,
        "--iou": options["iou"] is not None,
        "--tiles": options["tiles"] != DEFAULT_TILES,
        "--overlap": options["overlap"] != DEFAULT_OVERLAP,
        "--repeats": options.get("repeats") is not None,
        "--cascade": bool(options.get("cascade")),
    }
    if options["detector"] is None and (names := [name for name in given if given[name]]):
        raise UsageError(f"{names[0]} is about the boxes of a detector: add --detector")
