"""The options of `ctc predict` and the configuration that they become."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.engine import default_threads, require_engine
from ctc.cli.options.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig

AUTO = "auto"
PROVIDERS = (AUTO, "cpu", "cuda", "tensorrt", "openvino", "coreml", "directml")
PRECISIONS = ("float32", "float16", "bfloat16")


class BatchSize(click.IntRange):
    """A number, or `auto`, which is None."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        return None if value == AUTO else super().convert(value, parameter, context)


_OPTIONS = (
    click.option(
        "--output",
        type=PATH_OR_URL,
        required=True,
        help="File to write; its suffix chooses the format.",
    ),
    click.option(
        "--event-id", metavar="COL", help="Column of the CSV that says which event a row is of."
    ),
    click.option(
        "--image",
        "images",
        metavar="COL",
        multiple=True,
        help="Column of the CSV with photos. Repeatable.",
    ),
    click.option(
        "--image-root",
        type=PATH_OR_URL,
        help="Where a table's relative paths start.  [default: the CSV's folder]",
    ),
    click.option(
        "--events-within",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Unite photos of one folder, each within so many seconds of the one before by EXIF, into events.",
    ),
    click.option(
        "--aggregation",
        metavar="NAME",
        default="mean",
        show_default=True,
        help="From photos to the event.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        metavar="P",
        help="Answer 'unknown' where no class is as probable.  [default: the model's own thresholds, if any; 0 for none]",
    ),
    click.option(
        "--classes",
        "class_list",
        type=PATH_OR_URL,
        metavar="FILE",
        help="Only these classes can be: a line each, or a CSV with the columns label,class.",
    ),
    click.option("--format", metavar="NAME", help="Output format, whatever the suffix."),
    click.option(
        "--provider",
        type=click.Choice(PROVIDERS),
        default=AUTO,
        show_default=True,
        help="What runs the network; auto takes the first that is installed and starts.",
    ),
    click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default="float32",
        show_default=True,
        help="What the network computes in: bfloat16 with openvino, float16 with tensorrt.",
    ),
    click.option(
        "--batch-size",
        type=BatchSize(1, 4096),
        default=AUTO,
        show_default=True,
        metavar="N",
        help="Photos that the network takes at a time; auto measures before long runs.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(1, 1024),
        help="CPU cores to use, of each worker with --engine.  [default: all; with --engine ray, 1]",
    ),
    click.option(
        "--truncated",
        type=click.Choice(["fail", "use"]),
        default="fail",
        show_default=True,
        help="What to do with JPEGs that are cut short: they fail, or are used, grey where they end.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Predict every N-th event, from the I-th, for `ctc merge` to unite.",
    ),
    click.option(
        "--engine",
        metavar="NAME",
        help="Have the photos predicted part by part, such as by ray, on a cluster.  [default: all at once, here]",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Go on with an interrupted run, as the same command does by itself.",
    ),
    click.option(
        "--overwrite",
        is_flag=True,
        help="Replace the output, or another run's journal, if it is there.",
    ),
)


def predict_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def to_config(options: dict[str, Any]) -> PredictConfig:
    """Raises UsageError for options that don't go together."""
    from ctc.inference.config import PredictConfig
    from ctc.inference.events.table import Columns
    from ctc.inference.run.shards import ShardSpec

    event_id, images, shard = options.pop("event_id"), options.pop("images"), options.pop("shard")
    if bool(event_id) != bool(images):
        raise UsageError(
            "--event-id and --image go together: one column with the event, one or more with its photos"
        )
    require_engine(options["engine"], options["engine_options"])
    return PredictConfig(
        columns=Columns(event_id, images) if images else None,
        threads=options.pop("threads") or default_threads(options["engine"]),
        shard=ShardSpec.parse(shard) if shard else None,
        **options,
    )
