"""The command `ctc review`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.review.page import loaded_store, require_page_packages, serve_page
from ctc.cli.options.inference import AGGREGATION
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.options.review import (
    PAGE,
    PAGE_NAMES,
    STORE,
    TARGET_NAMES,
    TARGETS,
    labels_option,
)
from ctc.cli.options.scoring import LOCATION, TRUTH_LABELS
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError

if TYPE_CHECKING:
    from ctc.artifacts.review.store import ReviewStore
    from ctc.review.load.load import LoadConfig

_OF_PREDICTIONS = ("truth", "truth_labels", "embeddings", "labels")
"""Options that say more about PREDICTIONS."""


@click.command(
    cls=command_with(AGGREGATIONS),
    epilog="Example: ctc review predictions.csv --photos new_photos --store review.sqlite",
)
@click.argument("predictions", type=PATH_OR_URL, required=False)
@STORE
@option(
    "--photos",
    metavar="ROOT",
    show_default="the current folder",
    help="Folder or URL that the paths of photos start from, also after photos have moved.",
)
@option("--truth", type=PATH_OR_URL, metavar="FILE", help="Inventory with labels of the events.")
@TRUTH_LABELS
@option(
    "--embeddings",
    type=PATH_OR_URL,
    metavar="FILE",
    help="File of `ctc embed` of the same photos: events that look alike are answered together.",
)
@labels_option("A further label that people answer, such as sex")
@LOCATION
@AGGREGATION
@apply_options((*TARGETS, *PAGE))
def command(predictions: Path | None, store: Path, **options: Any) -> None:
    """Review PREDICTIONS in a browser, key by key, and keep every answer in a file.

    PREDICTIONS is a file of `ctc predict` or `ctc detect`, with --per-photo, in any format, or one
    of MegaDetector. Every answer is on disk before the page says that it is saved. Without
    PREDICTIONS, the review of the file goes on; when they are made anew, answers stay with their
    events. Several people may review one file: see --token-file. Ctrl-C or SIGTERM stops it.
    """
    require_page_packages("ctc review")
    from ctc.review.proof.targets import Targets

    page = {name: options.pop(name) for name in PAGE_NAMES}
    targets = Targets(**{name: options.pop(name) for name in TARGET_NAMES})
    if predictions is None and any(options[name] for name in _OF_PREDICTIONS):
        given = next(name for name in _OF_PREDICTIONS if options[name])
        raise UsageError(
            f"--{given.rstrip('s').replace('_', '-')} is about PREDICTIONS: give these too"
        )
    load = partial(_load, predictions=predictions, options=options)
    with loaded_store(store, load, make=predictions is not None) as opened:
        serve_page(opened, page, targets)


def _load(store: ReviewStore, predictions: Path | None, options: dict[str, Any]) -> None:
    from ctc.cli.console import console
    from ctc.review.load.load import LoadConfig, load_predictions, repoint_photos

    if predictions is not None:
        config: LoadConfig = LoadConfig(**options)
        summary = load_predictions(predictions, store, config, console)
    elif options["photos"] is not None:
        summary = repoint_photos(store, options["photos"])
    else:
        return
    for note in summary.notes:
        console.warn(note)
    counts = f"{summary.result.events:,} events with {summary.photos:,} photos"
    console.info(f"{counts}; {summary.result.answered:,} are answered")
