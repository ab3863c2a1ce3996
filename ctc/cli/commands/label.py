"""The command `ctc label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.artifacts.review.records import ReviewLabel
from ctc.cli.commands.review.page import loaded_store, require_page_packages, serve_page
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.review import PAGE, PAGE_NAMES, STORE, labels_option
from ctc.cli.options.values.paths import PATH, PATH_OR_URL

if TYPE_CHECKING:
    from ctc.artifacts.review.store import ReviewStore

DEFAULT_LABEL = "species"


@click.command(epilog="Example: ctc label new_photos --store labels.sqlite --classes classes.txt")
@click.argument("photos", type=PATH_OR_URL, nargs=-1, required=True, metavar="PHOTOS...")
@STORE
@option(
    "--classes",
    type=PATH,
    metavar="FILE",
    show_default="typed as one goes",
    help="Classes of the first label: a text with one per line, or a taxonomy (CSV).",
)
@labels_option("A label to answer, the main one first", DEFAULT_LABEL)
@option(
    "--events-within",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    metavar="SECONDS",
    help="A photo joins the event of the photo before it when their EXIF times are at most this"
    " far apart.",
)
@apply_options(PAGE)
def command(
    photos: tuple[Path, ...],
    store: Path,
    classes: Path | None,
    labels: tuple[ReviewLabel, ...],
    events_within: float,
    **page: Any,
) -> None:
    """Name the animals in PHOTOS in a browser, without a model, and keep every answer in a file.

    PHOTOS are photos, folders, an inventory, or a CSV whose column for photos can be told. The page
    is that of `ctc review`. Run the command again to go on, also with more photos.
    """
    require_page_packages("ctc label")
    from ctc.cli.console import console
    from ctc.review.load.unlabelled import load_photos, with_class_file

    named = labels or (ReviewLabel(DEFAULT_LABEL, is_open=True),)
    if classes is not None:
        named = with_class_file(named, classes)
    if classes is not None and page["taxonomy"] is None and classes.suffix.lower() != ".txt":
        page["taxonomy"] = classes

    def load(store: ReviewStore) -> None:
        for line in load_photos(photos, store, named, events_within, console):
            console.info(line)

    with loaded_store(store, load, make=True) as opened:
        serve_page(opened, {name: page[name] for name in PAGE_NAMES})
