"""Observations become an inventory."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import InputError, MissingExtraError, UsageError
from ctc.inventory.config import AS_READ, EXIF, InventoryConfig, Progress, unseen
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import InputFormat
from ctc.storage.paths import joined, place
from ctc.storage.remote_files import READERS

LOOK_AT = 100


@dataclass(frozen=True)
class Built:
    """The inventory, what was left out of it, how many of the first photos are not where they should be, and what else was done."""

    inventory: Inventory
    left_out: LeftOutLog
    looked_at: int
    missing: int
    notes: tuple[str, ...] = ()


def build_inventory(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None = None,
    config: InventoryConfig = AS_READ,
    left_out: LeftOutLog | None = None,
    progress: Progress = unseen,
) -> Built:
    """Read `source` and take the steps of `config`; raises CtcError when it gives no observation at all.

    What gives no observation goes to `left_out`; what goes half well is logged as a warning.
    """
    _need_packages()
    from ctc.inventory.exif_metadata import fill_location
    from ctc.inventory.labels import discard_missing, read_renamings, relabel

    left_out = left_out or LeftOutLog()
    renamings = read_renamings(config.relabel) if config.relabel else ()
    inventory = _read(input_format, source, options, image_root, left_out)
    if config.location_from and config.location_from != EXIF:
        inventory = fill_location(inventory, config.location_from)  # while classes are called as their folders are
    inventory = relabel(inventory, renamings)
    if config.discard_missing:
        inventory = discard_missing(inventory, left_out)
    inventory, notes = _refine(inventory, config, progress)
    inventory = replace(inventory, left_out=dict(left_out.counts))
    return Built(inventory, left_out, *_look(inventory), notes)


def _need_packages() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError("ctc inventory", "data") from None


def _read(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None,
    left_out: LeftOutLog,
) -> Inventory:
    from ctc.inventory.events import unite_photos
    from ctc.inventory.table_builder import collect

    root = (image_root or input_format.default_image_root(source, options)).absolute()
    if not root.is_dir() and source.exists():
        raise UsageError(f"image root '{root}' is not a folder")
    table, labels = collect(input_format.read(source, options), left_out)
    if not table.num_rows:
        why = left_out.counts.most_common(1)
        raise InputError(f"'{source}' gives no observation" + (f": {why[0][0]} ({why[0][1]} times)" if why else ""))
    return unite_photos(Inventory(table, labels, root))


def _refine(inventory: Inventory, config: InventoryConfig, progress: Progress) -> tuple[Inventory, tuple[str, ...]]:
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


def _look(inventory: Inventory) -> tuple[int, int]:
    """How many of the first photos were looked for, and how many of them are not there."""
    rows = inventory.table[IMAGES].slice(0, LOOK_AT).to_pylist()
    photos = [place(joined(inventory.image_root, path)) for images in rows for path in images][:LOOK_AT]
    with ThreadPoolExecutor(READERS) as pool:
        return len(photos), list(pool.map(_is_there, photos)).count(False)


def _is_there(photo: Path) -> bool:
    return photo.exists()
