"""Options of the commands that run a network on many photos, such as `ctc predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.clips import CLIPS, pop_frames
from ctc.cli.options.engine import default_threads, engine_option, require_engine
from ctc.cli.options.inference import (
    PRECISION,
    PROVIDER,
    batch_size_option,
    pop_runtime,
    threads_option,
)
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.images.listing.photo_table import TableColumns

SOURCES = (
    option(
        "--event-id",
        metavar="COL",
        show_default="each row is an event, named after its first photo",
        help="Column of the CSV with the event of a row.",
    ),
    option(
        "--image",
        "images",
        metavar="COL",
        multiple=True,
        help="Column of the CSV with photos. Repeatable.",
    ),
    option(
        "--image-folder",
        metavar="COL",
        help="Column of the CSV with the folder that a row's photos are in.",
    ),
    option(
        "--where",
        metavar="COL=VALUE",
        multiple=True,
        help="Read only the rows of the CSV with this value in this column. Repeatable.",
    ),
    option(
        "--no-header",
        is_flag=True,
        help="The CSV has no header: its columns are called 1, 2, ….",
    ),
    option(
        "--image-root",
        type=PATH_OR_URL,
        show_default="the CSV's folder",
        help="Folder that relative paths in a table start from.",
    ),
    option(
        "--events-within",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Group the photos of a folder into events: a photo joins the event of the photo "
        "before it when their EXIF times are at most this far apart.",
    ),
    option(
        "--clock-offset",
        type=PATH_OR_URL,
        metavar="FILE",
        help="CSV that corrects times where clocks were wrong: deployment; seconds, or shown and "
        "true; from and to. 'datetime_original' keeps the cameras' times.",
    ),
    *CLIPS,
)
"""Where the photos are."""

RUNTIME = (
    PROVIDER,
    PRECISION,
    batch_size_option("Inference batch size; auto benchmarks sizes before long runs."),
    threads_option("all; with --engine ray, 1", "CPU cores to use; with --engine, of each worker."),
)
"""What runs the network."""

RUN = (
    option(
        "--truncated",
        type=click.Choice(["fail", "use"]),
        default="fail",
        help="How to treat truncated JPEGs and clips: they fail, or are used; the missing part of a"
        " JPEG is grey then.",
    ),
    option(
        "--shard",
        metavar="I/N",
        help="Run only every N-th event, starting with the I-th; `ctc merge` joins the parts.",
    ),
    engine_option("Run it on an engine, such as a Ray cluster."),
    option(
        "--max-failures",
        type=click.IntRange(0),
        show_default="no limit",
        help="Stop when more than N photos failed; the progress is saved.",
    ),
    option(
        "--update",
        type=PATH_OR_URL,
        metavar="FILE",
        show_default="run all",
        help="Take over what an earlier run with --update wrote about the same photos, by their "
        "contents, and run only what is new; FILE may be that of --output.",
    ),
    option(
        "--resume",
        is_flag=True,
        help="Resume an interrupted run; the same command does so without this option as well.",
    ),
    option(
        "--overwrite",
        is_flag=True,
        help="Replace an existing output, or the journal of another run.",
    ),
)
"""How the run deals with failures, interruptions and several machines."""

DRY_RUN = option(
    "--dry-run",
    is_flag=True,
    help="Print what would be done and an estimate of the time, then exit.",
)


def pop_run_options(options: dict[str, Any]) -> dict[str, Any]:
    """Take the values of SOURCES, RUNTIME and RUN out of `options`, as fields of a `RunConfig`;
    that of DECODE too, where the command has it.

    Raises UsageError for options that exclude each other.
    """
    from ctc.inference.config import ShardSpec

    columns, shard = _pop_columns(options), options.pop("shard")
    require_engine(options["engine"], options["engine_options"])
    names = ("image_root", "events_within", "clock_offset", "truncated", "engine", "engine_options")
    more = ("max_failures", "update", "resume", "overwrite")
    return {
        "columns": columns,
        "runtime": pop_runtime(options, default_threads(options["engine"])),
        "shard": ShardSpec.parse(shard) if shard else None,
        "decode": options.pop("decode", "cpu"),
        "frames": pop_frames(options),
        **{name: options.pop(name) for name in (*names, *more)},
    }


def require_this_machine(engine: str | None) -> None:
    """Raise UsageError for --dry-run with an engine."""
    if engine:
        raise UsageError("--dry-run measures this machine alone: leave --engine out")


def _pop_columns(options: dict[str, Any]) -> TableColumns | None:
    from ctc.images.listing.photo_table import TableColumns

    images, event_id, folder, where, no_header = (
        options.pop(name) for name in ("images", "event_id", "image_folder", "where", "no_header")
    )
    if images:
        return TableColumns(event_id, images, folder, where, has_header=not no_header)
    if event_id or folder or where or no_header:
        raise UsageError(
            "--event-id, --image-folder, --where and --no-header describe a CSV: add --image, "
            "the column with its photos"
        )
    return None
