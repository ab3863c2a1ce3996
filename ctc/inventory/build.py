"""Build an inventory from the observations of an input format."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import InputError, UsageError, require_extra
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.clips.names import file_of
from ctc.images.metadata.clock_correction import ClockCorrection
from ctc.inventory.config import DEFAULT_CONFIG, EXIF, InventoryConfig
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import InputFormat
from ctc.reporting import NullReporter, ProgressFactory, counted
from ctc.storage.paths import is_http, is_url, join_path, parse_path
from ctc.storage.remote_files import REMOTE_IO_THREADS

log = logging.getLogger(__name__)

MAX_CHECKED_PHOTOS = 100
SUFFIX = ".parquet"
_NO_PROGRESS = NullReporter().progress


@dataclass(frozen=True)
class InventoryResult:
    """An inventory, and how it was made.

    `left_out`: source entries that gave no observation. `checked_photos`: number of photos whose
    existence was checked, `missing_photos` of which don't exist. `similar_photo`: one of these, and
    the similar name that it has on the disk, if there is one. `missing_hint`: where the first of
    them was looked for, and what to change. `notes`: lines for the user.
    """

    inventory: Inventory
    left_out: LeftOutLog
    checked_photos: int
    missing_photos: int
    similar_photo: tuple[str, str] | None = None
    missing_hint: str = ""
    notes: tuple[str, ...] = ()


def check_output_name(path: Path) -> None:
    """Raise UsageError unless the path has the suffix by which other commands know inventories."""
    if path.suffix.lower() != SUFFIX:
        raise UsageError(
            f"'{path.name or path}' can't be the name of an inventory, which is a Parquet file: "
            f"use --output '{(path.stem or 'inventory') + SUFFIX}'"
        )


def build_inventory(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None = None,
    config: InventoryConfig = DEFAULT_CONFIG,
    left_out: LeftOutLog | None = None,
    progress: ProgressFactory = _NO_PROGRESS,
) -> InventoryResult:
    """Read the observations in `source` and apply the steps of `config`.

    Entries that give no observation go to `left_out`; other problems are logged as warnings.
    Raises CtcError if there is no observation at all.
    """
    require_extra("ctc inventory", "data", ("pyarrow",))
    from ctc.inventory.checks.photo_names import rename_photos
    from ctc.inventory.class_names import warn_about_classes
    from ctc.inventory.labels import discard_missing, read_renamings, relabel
    from ctc.inventory.metadata.clock import clock_correction
    from ctc.inventory.metadata.locations import fill_location
    from ctc.inventory.metadata.times import fill_times

    left_out = left_out or LeftOutLog()
    renamings = read_renamings(config.relabel) if config.relabel else ()
    correction = clock_correction(config)
    options = _with_columns(input_format, options, config.meta_columns)
    inventory = _read_inventory(input_format, source, options, image_root, left_out, config.frames)
    inventory, renamed = rename_photos(inventory) if config.ignore_case else (inventory, ())
    if config.location_from and config.location_from != EXIF:
        # before `relabel`, while classes still have the names of their folders
        inventory = fill_location(inventory, config.location_from)
    if config.time_from:
        inventory = fill_times(inventory, config.time_from, config.time_format)
    inventory = relabel(inventory, renamings)
    if config.discard_missing:
        inventory = discard_missing(inventory, left_out)
    inventory, notes = _refine(inventory, config, correction, progress)
    inventory, notes = replace(inventory, left_out=dict(left_out.counts)), (*renamed, *notes)
    warn_about_classes(inventory)
    return InventoryResult(inventory, left_out, *_check_photos_exist(inventory), notes)


def _with_columns(
    input_format: InputFormat, options: Mapping[str, Any], columns: tuple[str, ...]
) -> Mapping[str, Any]:
    """Return the options with these columns among those that the format is to keep."""
    key = input_format.columns_option
    if key is None or not columns:
        return options
    return {**options, key: tuple(dict.fromkeys((*options[key], *columns)))}


def _read_inventory(
    input_format: InputFormat,
    source: Path,
    options: Mapping[str, Any],
    image_root: Path | None,
    left_out: LeftOutLog,
    frames: FrameChoice,
) -> Inventory:
    from ctc.inventory.clips import with_frames
    from ctc.inventory.table_builder import build_table
    from ctc.inventory.unite_rows import unite_event_rows

    root = (image_root or input_format.default_image_root(source, options)).absolute()
    if not is_http(root) and not root.is_dir() and source.exists():
        raise UsageError(f"image root '{root}' is not a folder")
    entries = input_format.read(source, {**options, "image_root": image_root})
    table, labels = build_table(with_frames(entries, root, frames), left_out)
    if not table.num_rows:
        raise InputError(f"'{source}' gives no observation{_describe_left_out(left_out)}")
    return unite_event_rows(Inventory(table, labels, root))


def _describe_left_out(left_out: LeftOutLog) -> str:
    """Return why most entries were left out, as the end of a sentence."""
    if not left_out.counts:
        return ""
    ((reason, count),) = left_out.counts.most_common(1)
    others = left_out.counts.total() - count
    more = f", and {others:,} for other reasons" if others else ""
    return f": {counted(count, 'entry was', 'entries were')} left out, {reason}{more}"


def _refine(
    inventory: Inventory,
    config: InventoryConfig,
    correction: ClockCorrection | None,
    progress: ProgressFactory,
) -> tuple[Inventory, tuple[str, ...]]:
    """Fill times and locations from photos, correct clocks, and group photos into events."""
    from ctc.inventory.grouping import check_groupable, group_photos
    from ctc.inventory.metadata.clock import correct_clocks, warn_wrong_times
    from ctc.inventory.metadata.exif_metadata import fill_from_photos

    if config.groups_photos:
        check_groupable(inventory, config)
    if config.reads_photos:
        inventory = fill_from_photos(inventory, config, progress)
    if correction is not None:
        inventory = correct_clocks(inventory, correction)
    if not config.groups_photos:
        if config.reads_photos or correction:  # else the source says so; grouping warns as well
            warn_wrong_times(inventory)
        return inventory, ()
    inventory, description = group_photos(
        inventory, config.events_within, config.events_by_sequence
    )
    return inventory, (description,)


def _check_photos_exist(inventory: Inventory) -> tuple[int, int, tuple[str, str] | None, str]:
    """Return how many of the first photos were checked, and how many of them are missing.

    Then a missing photo and its similar name on the disk, if there is any, and a hint. Photos at
    URLs are not checked, since they are not in the image root.
    """
    from ctc.inventory.checks.missing_photos import explain_missing
    from ctc.inventory.checks.photo_names import PhotoNames

    rows = inventory.table[IMAGES].slice(0, MAX_CHECKED_PHOTOS).to_pylist()
    given = [path for images in rows for path in images if not is_url(path)]
    photos = given[:MAX_CHECKED_PHOTOS]
    paths = [parse_path(join_path(inventory.image_root, file_of(photo))) for photo in photos]
    with ThreadPoolExecutor(REMOTE_IO_THREADS) as pool:
        exists = list(pool.map(lambda path: path.exists(), paths))
    missing = [photo for photo, found in zip(photos, exists, strict=True) if not found]
    names = PhotoNames(inventory.image_root)
    similar = ((photo, actual) for photo in missing if (actual := names.find(photo)))
    hint = explain_missing(missing[0], inventory.image_root) if missing else ""
    return len(photos), len(missing), next(similar, None), hint
