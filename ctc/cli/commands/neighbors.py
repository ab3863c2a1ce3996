"""The command `ctc neighbors`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.inference import PROVIDER, pop_runtime, threads_option
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import OutputExistsError, UsageError, require_extra
from ctc.storage.paths import check_not_input

if TYPE_CHECKING:
    from ctc.features.neighbor_table import NeighborTable


@click.command(
    epilog="Example: ctc neighbors embeddings.parquet new_photos/0001.jpg --inventory"
    " inventory.parquet"
)
@click.argument("embeddings", type=PATH_OR_URL)
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@option("--count", type=click.IntRange(1, 100_000), default=10, help="Neighbors of each photo.")
@option("--other-events", is_flag=True, help="Pass over the photos of the photo's own event.")
@option(
    "--model",
    type=PATH_OR_URL,
    metavar="FILE",
    help="The model that made the embeddings, for a PHOTO that is not among them.",
)
@option(
    "--detector",
    type=PATH_OR_URL,
    metavar="FILE",
    help="The detector that found the animals in EMBEDDINGS, for a PHOTO that is not among them.",
)
@option(
    "--inventory",
    type=PATH_OR_URL,
    metavar="FILE",
    help="Inventory whose labels and locations are shown.",
)
@option(
    "--image-root",
    type=PATH_OR_URL,
    metavar="DIR",
    show_default="as in the inventory",
    help="Folder that relative paths in the inventory start from.",
)
@PROVIDER
@threads_option("all")
@option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
@option(
    "--output",
    type=PATH_OR_URL,
    show_default="a table on stdout",
    help="File to write the list to, as CSV or with --json as JSON.",
)
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    inventory: Path | None,
    image_root: Path | None,
    as_json: bool,
    output: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Show the photos that are most like a PHOTO, by the features in EMBEDDINGS of `ctc embed`.

    A PHOTO is a path or URL in EMBEDDINGS or, with --model, any photo. Neighbors are listed with
    the cosine similarity of their features (1 is the same direction), the most alike first. In a
    file of `ctc embed --detector` PHOTO is its surest animal, and PHOTO#2 the second.
    """
    from ctc.cli.console.console import echo_json
    from ctc.cli.console.formatting import print_table
    from ctc.features.neighbor_queries import NeighborConfig
    from ctc.features.neighbor_table import neighbor_table
    from ctc.features.neighbors import find_neighbors
    from ctc.features.store import Embeddings
    from ctc.hardware import usable_cores
    from ctc.storage.atomic import write_text

    if output and output.exists() and not overwrite:
        raise OutputExistsError(output)
    if output:
        files = [options[name] for name in ("embeddings", "model", "detector")]
        given = [*files, inventory, *map(Path, options["photos"])]
        check_not_input(output, [path for path in given if path is not None])
    if options["detector"] and not options["model"]:
        raise UsageError("--detector finds animals in photos to embed: add --model")
    if image_root and not inventory:
        raise UsageError("--image-root is for the paths in an inventory: add --inventory")
    require_extra("ctc neighbors", "data", ["pyarrow"])
    runtime = pop_runtime({**options, "batch_size": None}, usable_cores())
    chosen = {
        name: options[name] for name in ("embeddings", "photos", "model", "detector", "count")
    }
    config = NeighborConfig(**chosen, other_events=options["other_events"], runtime=runtime)
    embeddings = Embeddings.read(config.embeddings)
    found = find_neighbors(config, embeddings)
    table = neighbor_table(embeddings, found, inventory, image_root)
    if output:
        write_text(output, table.to_json() if as_json else table.to_csv())
    elif as_json:
        echo_json(table.records())
    else:
        _print(table, print_table)


def _print(table: NeighborTable, print_table: Any) -> None:
    """Print a table per photo."""
    for photo, rows in table.by_photo():
        header = (f"neighbors of {photo}", "similarity", *table.columns)
        print_table(header, rows)
