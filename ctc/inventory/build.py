"""Observations become an inventory."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import InputError, MissingExtraError, UsageError
from ctc.inventory.config import DEFAULT_CONFIG, EXIF, InventoryConfig, ProgressFactory, no_progress
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import InputFormat
from ctc.storage.paths import join_path, parse_path
from ctc.storage.remote_files import REMOTE_IO_THREADS

MAX_CHECKED_PHOTOS = 100


@dataclass(frozen=True)
class InventoryResult:
    """The inventory, what was left out of it, how many of the first photos are not where they
    should be, and what else was done."""

    inventory: Inventory
    left_out: LeftOutLog
    checked_photos: int
    missing_photos: int
    notes: tuple[str, ...] = ()


def build_inventory(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None = None,
    config: InventoryConfig = DEFAULT_CONFIG,
    left_out: LeftOutLog | None = None,
    progress: ProgressFactory = no_progress,
) -> InventoryResult:
    """Read `source` and take the steps of `config`; raises CtcError when it gives no observation at
    all.

    What gives no observation goes to `left_out`; what goes half well is logged as a warning.
    """
    _require_pyarrow()
    from ctc.inventory.exif_metadata import fill_location
    from ctc.inventory.labels import discard_missing, read_renamings, relabel

    left_out = left_out or LeftOutLog()
    renamings = read_renamings(config.relabel) if config.relabel else ()
    inventory = _read_inventory(input_format, source, options, image_root, left_out)
    if config.location_from and config.location_from != EXIF:
        inventory = fill_location(
            inventory, config.location_from
        )  # while classes are called as their folders are
    inventory = relabel(inventory, renamings)
    if config.discard_missing:
        inventory = discard_missing(inventory, left_out)
    inventory, notes = _refine(inventory, config, progress)
    inventory = replace(inventory, left_out=dict(left_out.counts))
    return InventoryResult(inventory, left_out, *_check_photos_exist(inventory), notes)


def _require_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError("ctc inventory", "data") from None


def _read_inventory(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None,
    left_out: LeftOutLog,
) -> Inventory:
    from ctc.inventory.events import unify_event_photos
    from ctc.inventory.table_builder import build_table

    root = (image_root or input_format.default_image_root(source, options)).absolute()
    if not root.is_dir() and source.exists():
        raise UsageError(f"image root '{root}' is not a folder")
    table, labels = build_table(input_format.read(source, options), left_out)
    if not table.num_rows:
        why = left_out.counts.most_common(1)
        raise InputError(
            f"'{source}' gives no observation"
            + (f": {why[0][0]} ({why[0][1]} times)" if why else "")
        )
    return unify_event_photos(Inventory(table, labels, root))


def _refine(
    inventory: Inventory, config: InventoryConfig, progress: ProgressFactory
) -> tuple[Inventory, tuple[str, ...]]:
    """Times, locations and events."""
    from ctc.inventory.exif_metadata import fill_from_photos
    from ctc.inventory.grouping import check_groupable, group_photos

    if config.events_within is not None:
        check_groupable(inventory, config)
    if config.reads_photos:
        inventory = fill_from_photos(inventory, config, progress)
    if config.events_within is None:
        return inventory, ()
    inventory, told = group_photos(inventory, config.events_within)
    return inventory, (told,)


def _check_photos_exist(inventory: Inventory) -> tuple[int, int]:
    """How many of the first photos were looked for, and how many of them are not there."""
    rows = inventory.table[IMAGES].slice(0, MAX_CHECKED_PHOTOS).to_pylist()
    photos = [
        parse_path(join_path(inventory.image_root, path)) for images in rows for path in images
    ][:MAX_CHECKED_PHOTOS]
    with ThreadPoolExecutor(REMOTE_IO_THREADS) as pool:
        return len(photos), list(pool.map(_exists, photos)).count(False)


def _exists(photo: Path) -> bool:
    return photo.exists()
