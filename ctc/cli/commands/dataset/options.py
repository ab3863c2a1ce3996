"""Options of `ctc dataset`, and the configuration that is built from them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.engine import engine_option
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.dataset.config import DatasetConfig


_SELECTION = (
    option("--output", type=PATH_OR_URL, required=True, help="Dataset folder to write."),
    option(
        "--split",
        "splits",
        metavar="NAME=SHARE",
        multiple=True,
        show_default="train=0.9 val=0.05 test=0.05",
        help="A split and its share of the events. Repeatable.",
    ),
    option("--split-by", metavar="META", help="Metadata column with the split of each event."),
    option(
        "--group-by",
        metavar="META",
        help="Metadata column, such as location, whose groups are kept in one split.",
    ),
    option(
        "--balance",
        metavar="LABEL",
        help="Down-sample every class of the label to the size of its rarest class.",
    ),
    option(
        "--up-sample",
        metavar="LABEL",
        help="Repeat events of the label's rarer classes in the split 'train'.",
    ),
    option(
        "--up-sample-limit",
        type=click.IntRange(1),
        default=10,
        help="Maximum number of copies of an event with --up-sample.",
    ),
    option(
        "--keep",
        metavar="LABEL=CLASS",
        multiple=True,
        help="Keep only events with one of these classes. Repeatable.",
    ),
    option(
        "--remove",
        metavar="LABEL=CLASS",
        multiple=True,
        help="Leave out events with one of these classes. Repeatable.",
    ),
    option(
        "--keep-multi-observation", is_flag=True, help="Keep events with more than one observation."
    ),
)
_PHOTOS = (
    option(
        "--image-root",
        type=PATH_OR_URL,
        show_default="as in the inventory",
        help="Folder that relative paths start from.",
    ),
    option(
        "--smallest-side",
        type=click.IntRange(16, 8192),
        default=500,
        help="Size of the smaller side of stored photos, in pixels.",
    ),
    option("--quality", type=click.IntRange(1, 100), default=90, help="JPEG quality."),
    option(
        "--crop-box",
        type=float,
        is_flag=False,
        flag_value=0.1,
        metavar="[MARGIN]",
        show_default="whole photos",
        help="Crop to the square around the detector's box, enlarged by this share of it on each "
        "side (0.1 if no number is given).",
    ),
    option(
        "--crops",
        type=click.Choice(["surest", "all"]),
        default="surest",
        help="Which boxes --crop-box cuts out: the surest of each photo, or all, each as an event "
        "of its own, with its own labels or those of an event with one answer.",
    ),
    option(
        "--without-box",
        type=click.Choice(["leave-out", "whole", "blank"]),
        show_default="leave-out; with --crops surest, whole",
        help="What becomes of a photo without a box with --crops all.",
    ),
)
_BUILD = (
    option(
        "--events-per-shard", type=click.IntRange(1), default=5000, help="Events per TFRecord file."
    ),
    option(
        "--workers",
        type=click.IntRange(1, 1024),
        show_default="all cores; with --engine ray, 1",
        help="I/O and encode threads; with --engine, of each worker.",
    ),
    engine_option("Write the files on an engine, such as a Ray cluster."),
    option(
        "--max-failures",
        type=click.IntRange(0),
        show_default="no limit",
        help="Stop when more than N photos can't be used.",
    ),
    option("--seed", type=click.IntRange(0), default=0, help="Random seed."),
    option("--resume", is_flag=True, help="Resume an interrupted build."),
    option("--overwrite", is_flag=True, help="Replace an earlier dataset."),
)

dataset_options = apply_options((*_SELECTION, *_PHOTOS, *_BUILD))


def to_config(options: dict[str, Any]) -> DatasetConfig:
    """Build the configuration; raise UsageError for invalid options."""
    from ctc.dataset.config import DEFAULT_SHARES, DatasetConfig

    splits, workers = options.pop("splits"), options.pop("workers")
    if splits and options["split_by"]:
        raise UsageError(
            "--split and --split-by exclude each other: the column's values are the splits"
        )
    root: Path | None = options["image_root"]
    if root is not None and not root.is_dir():
        raise UsageError(f"--image-root '{root}' is not a folder")
    return DatasetConfig(
        shares=_parse_shares(splits) if splits else dict(DEFAULT_SHARES),
        keep=_parse_pairs(options.pop("keep"), "--keep", "LABEL=CLASS"),
        remove=_parse_pairs(options.pop("remove"), "--remove", "LABEL=CLASS"),
        threads=workers or os.cpu_count() or 1,
        **options,
    )


def _parse_shares(texts: Iterable[str]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for name, share in _parse_pairs(texts, "--split", "NAME=SHARE"):
        if not name.replace("_", "").replace("-", "").isalnum() or name in shares:
            raise UsageError(f"--split '{name}' must be a name of letters and digits, given once")
        try:
            shares[name] = float(share)
        except ValueError:
            raise UsageError(
                f"--split '{name}={share}': the share must be a number such as 0.1"
            ) from None
    return shares


def _parse_pairs(texts: Iterable[str], option: str, form: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        left, equals, right = text.partition("=")
        if not (left and equals and right):
            raise UsageError(f"{option} '{text}' must have the form {form}")
        pairs.append((left, right))
    return tuple(pairs)
