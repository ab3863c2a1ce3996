"""Fill the columns of time, location and camera from the EXIF data of photos.

Values of the source are kept; only gaps are filled.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, set_column, take
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import UsageError
from ctc.inventory.config import EXIF, NONE, InventoryConfig
from ctc.inventory.events import EventRows
from ctc.inventory.metadata.camera_columns import (
    CAMERA_COLUMNS,
    READ_FROM,
    camera_columns,
    check_no_label_is_called_so,
)
from ctc.inventory.metadata.camera_reader import CameraReader, open_camera_reader
from ctc.inventory.metadata.exif_reader import ExifReader, location_from_exif
from ctc.reporting import ProgressBar, ProgressFactory, counted

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_SIZE = 20_000
EXIFTOOL_CHUNK_SIZE = 500
"""Of events, between two steps of the progress bar."""

_MODELS_SHOWN = 3

log = logging.getLogger(__name__)


def fill_from_photos(
    inventory: Inventory, config: InventoryConfig, progress: ProgressFactory
) -> Inventory:
    """Fill time, location and camera of each event from its first photo that has them.

    Times are ISO 8601 without a time zone, since EXIF has none. Values that no photo has stay null
    and are counted in a warning; of the camera's columns, those without any value are left out.
    Modification times of files are used only with `time_from_mtime`.
    """
    import pyarrow.compute as pc

    names = _columns(config)
    if config.camera_data != NONE:
        check_no_label_is_called_so(inventory)
    events = EventRows.from_table(inventory.table)
    incomplete = _incomplete_events(inventory, events, names)
    photos = take(inventory.table[IMAGES], events.first_row[incomplete])
    with (
        progress("EXIF", pc.sum(pc.list_value_length(photos)).as_py() or 0) as bar,
        open_camera_reader(config.camera_data, inventory.image_root) as camera,
    ):
        columns = _read_columns(_make_reader(inventory, config, bar, camera), photos, names)
    position = np.full(len(events.first_row), -1)
    position[incomplete] = np.arange(len(incomplete))
    rows = position[events.event_of_row]
    for name, values in columns.items():
        inventory = fill_column(inventory, name, take(values, rows))
    return inventory


def _columns(config: InventoryConfig) -> list[str]:
    """Return the columns to fill from photos."""
    has_time = config.time_from_exif or config.time_from_mtime
    names = [DATETIME] * has_time + [LOCATION] * (config.location_from == EXIF)
    return names + list(CAMERA_COLUMNS) * (config.camera_data != NONE)


def _make_reader(
    inventory: Inventory, config: InventoryConfig, bar: ProgressBar, camera: CameraReader
) -> ExifReader:
    return ExifReader(
        inventory.image_root,
        config.time_from_exif or config.time_from_mtime,
        config.location_from == EXIF,
        config.time_from_mtime,
        bar,
        camera if config.camera_data != NONE else None,
    )


def _incomplete_events(inventory: Inventory, events: EventRows, columns: Sequence[str]) -> Ints:
    """Return the events with a row that has no value in one of these columns."""
    incomplete = np.zeros(len(events.first_row), bool)
    for name in columns:
        if name not in inventory.meta:
            return np.arange(len(incomplete))
        incomplete[events.event_of_row[inventory.table[name].is_null().to_numpy()]] = True
    return np.flatnonzero(incomplete)


def _read_columns(
    reader: ExifReader, events: pa.ChunkedArray, names: Sequence[str]
) -> dict[str, pa.ChunkedArray]:
    """Return a value per event of each column, without the camera's columns that have none."""
    import pyarrow as pa

    chunks: dict[str, list[pa.Array]] = {name: [] for name in names}
    size = EXIFTOOL_CHUNK_SIZE if reader.camera and reader.camera.pool else CHUNK_SIZE
    for start in range(0, max(1, len(events)), size):
        exifs = reader.read(events.slice(start, size).to_pylist())
        known = camera_columns(exifs) if reader.camera else {}
        if DATETIME in chunks:
            times = [exif.taken and exif.taken.isoformat() for exif in exifs]
            known[DATETIME] = pa.array(times, pa.string())
        if LOCATION in chunks:
            known[LOCATION] = pa.array(map(location_from_exif, exifs), pa.string())
        for name in names:
            chunks[name].append(known[name])
    columns = {name: pa.chunked_array(values) for name, values in chunks.items()}
    _warn_missing(reader, columns)
    return {
        name: values
        for name, values in columns.items()
        if name not in CAMERA_COLUMNS or values.null_count < len(values)
    }


def _warn_missing(reader: ExifReader, columns: Mapping[str, pa.ChunkedArray]) -> None:
    if reader.unreadable:
        log.warning(
            "%s photos can't be read for their EXIF (first: %s)",
            f"{reader.unreadable:,}",
            reader.first_unreadable,
        )
    if reader.guessed_times:
        log.warning(
            "%s times are the modification times of the files, which may be wrong",
            f"{reader.guessed_times:,}",
        )
    if DATETIME in columns and (missing := columns[DATETIME].null_count):
        of_all = f"{missing:,} of {len(columns[DATETIME]):,}"
        log.warning("%s events have no photo with an EXIF date: '%s' stays empty", of_all, DATETIME)
    if LOCATION in columns and (missing := columns[LOCATION].null_count):
        of_all = f"{missing:,} of {len(columns[LOCATION]):,}"
        log.warning(
            "%s events have no photo with a position or serial number: '%s' stays empty",
            of_all,
            LOCATION,
        )
    if reader.camera:
        _warn_unknown_cameras(reader.camera, columns[READ_FROM])


def _warn_unknown_cameras(camera: CameraReader, read_from: pa.ChunkedArray) -> None:
    if read_from.null_count:
        log.warning(
            "%s of %s events have no photo that tells of its camera",
            f"{read_from.null_count:,}",
            f"{len(read_from):,}",
        )
    if camera.unread_notes:
        log.warning(
            "the maker note of %s is not read (%s)%s",
            counted(camera.unread_notes.total(), "event's photo", "events' photos"),
            _list_models(camera.unread_notes),
            "" if camera.pool else ": exiftool, where it is installed, knows those of more makers",
        )


def _list_models(events: Counter[str]) -> str:
    """Return the models with most events: 'E8: 4, X2: 1'."""
    shown = [f"{model}: {count:,}" for model, count in events.most_common(_MODELS_SHOWN)]
    return ", ".join([*shown, "…"] if len(events) > len(shown) else shown)


def fill_column(inventory: Inventory, name: str, values: pa.ChunkedArray) -> Inventory:
    """Return the inventory with `values` where its meta column `name` has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if name in inventory.labels:
        raise UsageError(
            f"'{name}' is a label of the source: rename it there to have a column '{name}'"
        )
    if name in inventory.meta:
        known = inventory.table[name]
        if pa.types.is_nested(known.type):
            raise UsageError(
                f"the source's column '{name}' holds lists: "
                f"rename it there to have a column '{name}'"
            )
        if known.type != values.type:
            known, values = known.cast(pa.string()), values.cast(pa.string())
        values = pc.coalesce(known, values)
    return replace(inventory, table=set_column(inventory.table, name, values))
