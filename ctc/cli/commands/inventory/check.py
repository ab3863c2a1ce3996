"""The command `ctc inventory check`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from ctc.artifacts.inventory import Inventory
    from ctc.features.near_duplicates import NearDuplicates
    from ctc.features.store import Embeddings
    from ctc.inventory.checks.check import PhotoCheckResult
    from ctc.inventory.checks.photo_uses import PhotoUses


def _default_similarity() -> str:
    from ctc.features.near_duplicates import DEFAULT_SIMILARITY

    return f"{DEFAULT_SIMILARITY:g}"


@click.command(epilog="Example: ctc inventory check inventory.parquet --output problems.csv")
@click.argument("file", type=PATH_OR_URL)
@option(
    "--image-root",
    type=PATH_OR_URL,
    show_default="as in the inventory",
    help="Folder that relative paths start from.",
)
@option(
    "--workers",
    type=click.IntRange(1, 1024),
    show_default="all cores",
    help="I/O and decode threads.",
)
@option(
    "--embeddings",
    type=PATH_OR_URL,
    metavar="FILE",
    help="Features of the photos, from `ctc embed`, by which near duplicates are found.",
)
@option(
    "--similarity",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="S",
    show_default=_default_similarity,
    help="Cosine similarity from which photos are near duplicates.",
)
@option("--json", "as_json", is_flag=True, help="Write JSON instead of CSV.")
@option("--output", type=PATH_OR_URL, show_default="stdout", help="File to write the list to.")
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    file: Path,
    image_root: Path | None,
    workers: int | None,
    embeddings: Path | None,
    similarity: float | None,
    as_json: bool,
    output: Path | None,
    overwrite: bool,
) -> int:
    """Open every photo of the inventory FILE and list problems: problem, path, event_id, detail.

    \b
    missing         the file does not exist
    broken          the file can't be decoded, or not to its end
    unchecked       this machine has too little memory to decode the file
    duplicate       same bytes as another photo of the event
    straddling      same bytes as a photo of another event, which may be in another split
    near-duplicate  with --embeddings: almost the same as a photo of another event

    Of photos that are the same, all but the first are listed. The exit code is 3 when a problem is
    found.
    """
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.console.console import info, progress
    from ctc.cli.registry import PARTLY_FAILED
    from ctc.inventory.checks.check import check_photos
    from ctc.inventory.checks.photo_uses import photo_uses
    from ctc.reporting import counted
    from ctc.storage.atomic import write_text
    from ctc.storage.paths import is_http
    from ctc.storage.remote_files import io_threads

    if output and output.exists() and not overwrite:
        raise OutputExistsError(output)
    if similarity is not None and embeddings is None:
        raise UsageError("--similarity is that of features: add --embeddings")
    features = _read_embeddings(embeddings) if embeddings else None
    inventory = Inventory.read(file)
    root = image_root or inventory.image_root
    if not is_http(root) and not root.is_dir():
        raise UsageError(f"the image root '{root}' is not a folder: give --image-root")
    uses = photo_uses(inventory)
    near = _near_duplicates(inventory, uses, features, root, similarity) if features else None
    with progress("check", len(uses.paths)) as bar:
        checked = check_photos(
            inventory, uses, root, workers or io_threads(root, os.cpu_count() or 1), bar.advance
        )
    if near:
        checked = checked.with_near_duplicates(near.problems)
    text = _to_json(checked) if as_json else _to_csv(checked)
    if output:
        write_text(output, text)
    else:
        click.echo(text, nl=False)
    info(f"{counted(checked.photos, 'photo')}: {_format_counts(checked.counts())}")
    return PARTLY_FAILED if checked.problems else 0


def _read_embeddings(path: Path) -> Embeddings:
    from ctc.features.store import Embeddings

    return Embeddings.read(path)


def _near_duplicates(
    inventory: Inventory,
    uses: PhotoUses,
    embeddings: Embeddings,
    image_root: Path,
    similarity: float | None,
) -> NearDuplicates:
    """Find near duplicates, and say what could not be compared."""
    from ctc.cli.console.console import info, progress, warn
    from ctc.features.near_duplicates import DEFAULT_SIMILARITY, find_near_duplicates
    from ctc.reporting import counted

    limit = DEFAULT_SIMILARITY if similarity is None else similarity
    with progress("compare", len(uses.paths)) as bar:
        found = find_near_duplicates(
            inventory, uses, embeddings, image_root, limit, lambda rows: bar.advance(rows, 0)
        )
    if found.without_features:
        warn(
            f"{counted(found.without_features, 'photo has', 'photos have')} no features in"
            f" '{embeddings.path}' and {'is' if found.without_features == 1 else 'are'}"
            " compared by bytes alone"
        )
    if found.across_splits:
        info(f"{counted(found.across_splits, 'near duplicate')} across splits")
    return found


def _format_counts(counts: Mapping[str, int]) -> str:
    names = {
        "missing": "{:,} missing",
        "broken": "{:,} broken",
        "unchecked": "{:,} unchecked",
        "duplicate": "{:,} repeated in their event",
        "straddling": "{:,} the same as in another event",
        "near-duplicate": "{:,} almost the same as in another event",
    }
    found = [names[kind].format(count) for kind, count in counts.items() if count]
    return ", ".join(found) or "no problem found"


def _to_json(checked: PhotoCheckResult) -> str:
    import json
    from dataclasses import asdict

    from ctc.storage.urls import redact

    content = {**asdict(checked), "counts": checked.counts()}
    return json.dumps(redact(content), indent=1, ensure_ascii=False) + "\n"


def _to_csv(checked: PhotoCheckResult) -> str:
    import csv
    import io

    from ctc.storage.urls import redact_urls

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["problem", "path", "event_id", "detail"])
    for one in checked.problems:
        rows.writerow(map(redact_urls, (one.problem, one.path, one.event_id, one.detail)))
    return text.getvalue()
