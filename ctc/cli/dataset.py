"""ctc dataset"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.dataset_options import PATH, dataset_options, to_config
from ctc.errors import MissingExtraError

if TYPE_CHECKING:
    from ctc.dataset.build import BuildResult


@click.command(epilog="Example: ctc dataset inventory.parquet --output dataset --split train=0.8 --split val=0.2")
@click.argument("inventory", type=PATH)
@dataset_options
def command(inventory: Path, output: Path, resume: bool, overwrite: bool, **options: Any) -> int:
    """Turn an INVENTORY into a folder of TFRecord files: photos upright, shrunk, as JPEGs, with their labels.

    Photos that can't be used are left out, listed in OUTPUT/left_out.csv, and the exit code is 3.
    """
    _need_packages()
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.console import progress, warn
    from ctc.cli.main import PARTLY_FAILED
    from ctc.dataset.build import build_dataset, plan_dataset, prepare_folder

    config = to_config(options)
    plan = plan_dataset(Inventory.read(inventory), config)
    prepare_folder(output, resume=resume, overwrite=overwrite)
    for reason, count in plan.selection.left_out.items():
        warn(f"{count:,} events left out: {reason}")
    with progress("dataset", sum(len(shard.events) for shard in plan.shards())) as bar:
        result = build_dataset(plan, output, bar.advance)
    _tell(result)
    return PARTLY_FAILED if result.failures else 0


def _need_packages() -> None:
    from importlib.util import find_spec

    if not all(map(find_spec, ("pyarrow", "google_crc32c"))):
        raise MissingExtraError("ctc dataset", "data")


def _tell(result: BuildResult) -> None:
    from ctc.artifacts.dataset import LEFT_OUT
    from ctc.cli.console import say, warn

    manifest, folder = result.dataset.manifest, result.dataset.folder
    for split, shards in manifest.splits.items():
        events, images = sum(shard.events for shard in shards), sum(shard.images for shard in shards)
        say(f"{split}: {events:,} events with {images:,} photos in {len(shards)} file(s)")
    for label in manifest.labels:
        for i, name in enumerate(label.classes):
            if sum(counts[i] for counts in label.counts.values()) == 1:
                warn(
                    f"class '{name}' of label '{label.name}' has a single event: add photos, or --remove '{label.name}={name}'"
                )
    if result.failures:
        first = result.failures[0]
        warn(
            f"{len(result.failures):,} photos left out, and {result.events_lost:,} events with them "
            f"(first: '{first.path}': {first.reason}): all in '{folder / LEFT_OUT}'"
        )
    say(f"wrote '{folder}'")
