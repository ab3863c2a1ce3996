"""The options of `ctc predict` and the configuration that they become."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.inference.job import PredictConfig

PATH = click.Path(path_type=Path)

_OPTIONS = (
    click.option("--output", type=PATH, required=True, help="File to write; its suffix chooses the format."),
    click.option("--event-id", metavar="COL", help="Column of the CSV that says which event a row is of."),
    click.option("--image", "images", metavar="COL", multiple=True, help="Column of the CSV with photos. Repeatable."),
    click.option("--image-root", type=PATH, help="Where a table's relative paths start.  [default: the CSV's folder]"),
    click.option("--aggregation", metavar="NAME", default="mean", show_default=True, help="From photos to the event."),
    click.option("--format", metavar="NAME", help="Output format, whatever the suffix."),
    click.option("--batch-size", type=click.IntRange(1, 4096), default=16, show_default=True, help="Photos at a time."),
    click.option("--threads", type=click.IntRange(1, 1024), help="For decoding and the network.  [default: all cores]"),
    click.option(
        "--truncated",
        type=click.Choice(["fail", "use"]),
        default="fail",
        show_default=True,
        help="What to do with JPEGs that are cut short: they fail, or are used, grey where they end.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the output if it is there."),
)


def predict_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def to_config(options: dict[str, Any]) -> PredictConfig:
    """Raises UsageError for options that don't go together."""
    from ctc.inference.event_table import Columns
    from ctc.inference.job import PredictConfig
    from ctc.inference.pipeline import PipelineConfig, usable_cores

    event_id, images, threads = options.pop("event_id"), options.pop("images"), options.pop("threads")
    if bool(event_id) != bool(images):
        raise UsageError("--event-id and --image go together: one column with the event, one or more with its photos")
    return PredictConfig(
        columns=Columns(event_id, images) if images else None,
        pipeline=PipelineConfig(options.pop("batch_size"), threads or usable_cores(), options.pop("truncated")),
        **options,
    )
