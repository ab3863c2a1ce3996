"""The options of `ctc dataset` and the configuration that they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.dataset.config import DatasetConfig


_OPTIONS = (
    option("--output", type=PATH_OR_URL, required=True, help="Folder to write."),
    option(
        "--split",
        "splits",
        metavar="NAME=SHARE",
        multiple=True,
        help="A split and its share of the events. Repeatable.  [default: train=0.9 val=0.05 test=0.05]",
    ),
    option("--split-by", metavar="META", help="Meta column whose values are the splits."),
    option(
        "--group-by",
        metavar="META",
        help="Meta column, such as location, whose events stay in one split.",
    ),
    option(
        "--balance", metavar="LABEL", help="Down-sample every class of the label to its rarest."
    ),
    option(
        "--up-sample",
        metavar="LABEL",
        help="In 'train', repeat events of the label's rarer classes.",
    ),
    option(
        "--up-sample-limit",
        type=click.IntRange(1),
        default=10,
        help="How often --up-sample uses an event at most.",
    ),
    option(
        "--keep",
        metavar="LABEL=CLASS",
        multiple=True,
        help="Keep only events with such a class. Repeatable.",
    ),
    option(
        "--remove",
        metavar="LABEL=CLASS",
        multiple=True,
        help="Leave out events with such a class. Repeatable.",
    ),
    option(
        "--keep-multi-observation", is_flag=True, help="Keep events with more than one observation."
    ),
    option(
        "--image-root",
        type=PATH_OR_URL,
        help="Where relative paths start.  [default: as the inventory says]",
    ),
    option(
        "--smallest-side",
        type=click.IntRange(16, 8192),
        default=500,
        help="In pixels.",
    ),
    option(
        "--quality",
        type=click.IntRange(1, 100),
        default=90,
        help="Of the JPEGs.",
    ),
    option(
        "--crop-box",
        type=float,
        is_flag=False,
        flag_value=0.1,
        metavar="[MARGIN]",
        help="Cut out the square around the detector's box, wider by this share of it on each side (0.1 if none is given).",
    ),
    option(
        "--events-per-shard",
        type=click.IntRange(1),
        default=5000,
        help="Events per file.",
    ),
    option(
        "--workers",
        type=click.IntRange(1, 1024),
        help="Threads that read and encode, of each worker with --engine.  [default: all cores; with --engine ray, 1]",
    ),
    option(
        "--engine",
        metavar="NAME",
        help="Have the files written elsewhere, such as by ray, on a cluster.  [default: here]",
    ),
    option(
        "--max-failures",
        type=click.IntRange(0),
        metavar="N",
        help="Stop when more photos than this can't be used.",
    ),
    option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        help="Of every random choice.",
    ),
    option("--resume", is_flag=True, help="Go on with a build that was interrupted."),
    option("--overwrite", is_flag=True, help="Replace an earlier dataset."),
)


def dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def to_config(options: dict[str, Any]) -> DatasetConfig:
    """Raises UsageError for options that don't go together or can't be understood."""
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
