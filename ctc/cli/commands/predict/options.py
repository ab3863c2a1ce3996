"""Options of `ctc predict`, and the configuration that is built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.boxes import BOXES, DETECTOR, REPEATS, pop_boxes, require_detector
from ctc.cli.options.inference import (
    CLASS_LIST,
    DECODE,
    FLIPS,
    OWN_AGGREGATION,
    STRANGERS,
    THRESHOLD,
)
from ctc.cli.options.option import PluginName, apply_options, option
from ctc.cli.options.photo_run import RUN, RUNTIME, SOURCES, pop_run_options
from ctc.cli.options.places import PLACES
from ctc.cli.options.values.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig

OUTPUT = option(
    "--output",
    type=PATH_OR_URL,
    required=True,
    help="File to write; its suffix selects the format.",
)
FORMAT = option(
    "--format",
    type=PluginName("OutputFormat"),
    metavar="NAME",
    show_default="by the suffix of --output",
    help="Output format.",
)
ROLL_UP = option(
    "--roll-up",
    is_flag=True,
    help="Where no class is sure, answer with the genus, family, … that is, as `ctc calibrate "
    "--taxonomy` fitted it.",
)
SETS = option(
    "--sets",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Also write, per event, the set of classes that holds the truth with this probability, as "
    "`ctc calibrate` fitted it.  [default: no sets]",
)
DROP_BLANKS = option(
    "--drop-blanks",
    is_flag=True,
    help="Mark the events that are blank, as `ctc calibrate --blank-loss` fitted it; they stay in "
    "the output.",
)
CASCADE = option(
    "--cascade",
    is_flag=True,
    help="Ask the detector only where the model is not sure that a photo is blank, as `ctc "
    "calibrate --cascade` fitted it.",
)

predict_options = apply_options(
    (
        OUTPUT,
        *SOURCES,
        OWN_AGGREGATION,
        THRESHOLD,
        STRANGERS,
        FLIPS,
        CLASS_LIST,
        *PLACES,
        ROLL_UP,
        SETS,
        DROP_BLANKS,
        FORMAT,
        DETECTOR,
        *BOXES,
        REPEATS,
        CASCADE,
        *RUNTIME,
        DECODE,
        *RUN,
    )
)


def to_config(options: dict[str, Any]) -> PredictConfig:
    """Build the configuration; raise UsageError for options that exclude each other."""
    from ctc.inference.config import PredictConfig

    run = pop_run_options(options)
    require_detector(options)
    return PredictConfig(**run, **pop_boxes(options), **options)
