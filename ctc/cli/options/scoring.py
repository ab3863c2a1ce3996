"""Options of the commands that run a model on a dataset's split: evaluate and calibrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import (
    AGGREGATION,
    MAX_BATCH_SIZE,
    PROVIDER,
    threads_option,
)
from ctc.cli.options.option import apply_options, option
from ctc.errors import require_extra

if TYPE_CHECKING:
    from ctc.evaluation.config import ScoringConfig

LOCATION = option(
    "--location",
    metavar="COL",
    default="location",
    help="Metadata column with the location of an event.",
)

scoring_options = apply_options(
    (
        AGGREGATION,
        LOCATION,
        PROVIDER,
        option(
            "--batch-size",
            type=click.IntRange(1, MAX_BATCH_SIZE),
            default=16,
            help="Inference batch size.",
        ),
        threads_option("all"),
        option("--overwrite", is_flag=True, help="Replace an existing --output."),
    )
)
"""Add the options to a command function."""


def scoring_config(options: dict[str, Any]) -> ScoringConfig:
    """Take the values of `scoring_options`, except `overwrite`, out of a command's options."""
    from ctc.evaluation.config import ScoringConfig
    from ctc.hardware import usable_cores
    from ctc.runtime.config import RuntimeConfig

    # `--precision` of `ctc calibrate` is not that of the network
    runtime = RuntimeConfig(
        options.pop("provider"),
        batch_size=options.pop("batch_size"),
        threads=options.pop("threads") or usable_cores(),
    )
    return ScoringConfig(options.pop("aggregation"), options.pop("location"), runtime)


def require_report_packages(command: str, extra: str = "cpu,report") -> None:
    """Raise MissingExtraError, naming `extra`, unless the packages of `report` are installed."""
    modules = ("sklearn", "onnx", "jinja2", "pyarrow", "google_crc32c")
    require_extra(f"ctc {command}", extra, modules)
