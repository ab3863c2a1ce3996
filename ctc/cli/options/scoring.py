"""Options of the commands that run a model on a dataset's split: evaluate and calibrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import (
    FLIPS,
    MAX_BATCH_SIZE,
    OWN_AGGREGATION,
    PROVIDER,
    threads_option,
)
from ctc.cli.options.option import Decorator, apply_options, option
from ctc.errors import UsageError, require_extra

if TYPE_CHECKING:
    from ctc.evaluation.config import ScoringConfig

LOCATION = option(
    "--location",
    metavar="COL",
    default="location",
    help="Metadata column with the location of an event.",
)


def _parse_truth_labels(
    _context: click.Context, _parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, str]:
    named = dict[str, str]()
    for pair in pairs:
        label, _, truth = pair.partition("=")
        if not label or not truth:
            raise UsageError(f"--truth-label '{pair}' is not LABEL=TRUTH, like 'species=animal'")
        named[label] = truth
    return named


TRUTH_LABELS = option(
    "--truth-label",
    "truth_labels",
    multiple=True,
    callback=_parse_truth_labels,
    metavar="LABEL=TRUTH",
    show_default="the same name",
    help="Label of the predictions, and its name in the ground truth. Repeatable.",
)


def scoring_options_with(batch_size: str) -> Decorator:
    """Return what adds the options to a command function; `batch_size` describes its default."""
    return apply_options(
        (
            OWN_AGGREGATION,
            FLIPS,
            LOCATION,
            TRUTH_LABELS,
            PROVIDER,
            option(
                "--batch-size",
                type=click.IntRange(1, MAX_BATCH_SIZE),
                show_default=batch_size,
                help="Inference batch size.",
            ),
            threads_option("all"),
            option("--overwrite", is_flag=True, help="Replace an existing --output."),
        )
    )


scoring_options = scoring_options_with("16")
"""Add the options to a command function."""


def scoring_config(options: dict[str, Any]) -> ScoringConfig:
    """Take the values of `scoring_options`, except `overwrite`, out of a command's options.

    Raises CtcError for an aggregation, or an option of one, that doesn't exist.
    """
    from ctc.evaluation.config import BATCH_SIZE, ScoringConfig
    from ctc.hardware import usable_cores
    from ctc.inference.own_aggregation import AUTO, MEAN
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins
    from ctc.plugin.option_values import option_values
    from ctc.runtime.config import RuntimeConfig

    # `--precision` of `ctc calibrate` is not that of the network
    default = None if options.get("detector") else BATCH_SIZE
    runtime = RuntimeConfig(
        options.pop("provider"),
        batch_size=options.pop("batch_size") or default,
        threads=options.pop("threads") or usable_cores(),
    )
    aggregation, given = options.pop("aggregation"), options.pop("aggregation_options")
    option_values(plugins().get(Aggregation, MEAN if aggregation == AUTO else aggregation), given)
    return ScoringConfig(
        aggregation,
        options.pop("location"),
        options.pop("truth_labels"),
        runtime,
        given,
        options.pop("flips"),
    )


def require_report_packages(command: str, extra: str = "cpu,report") -> None:
    """Raise MissingExtraError, naming `extra`, unless the packages of `report` are installed."""
    modules = ("sklearn", "onnx", "jinja2", "pyarrow", "google_crc32c")
    require_extra(f"ctc {command}", extra, modules)
