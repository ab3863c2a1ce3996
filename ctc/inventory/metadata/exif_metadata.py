"""Fill the columns `datetime` and `location` from EXIF data, folders or other columns.

Values of the source are kept; only gaps are filled.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, set_column, take
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import UsageError
from ctc.images.listing.folder_names import CARD_FOLDER
from ctc.inventory.config import EXIF, FOLDER, InventoryConfig
from ctc.inventory.events import EventRows
from ctc.inventory.metadata.exif_reader import ExifReader, location_from_exif
from ctc.reporting import ProgressFactory

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_SIZE = 20_000

log = logging.getLogger(__name__)


def fill_location(inventory: Inventory, source: str) -> Inventory:
    """Fill `location` from the photos' FOLDER or from a meta column.

    Says so where the source has given every location already. Raises UsageError if there is no such
    column.
    """
    is_full = LOCATION in inventory.meta and not inventory.table[LOCATION].null_count
    if is_full and source != LOCATION:
        log.warning(
            "--location-from %s changes nothing: the source gives the location of every event",
            source,
        )
    if source == FOLDER:
        return fill_column(inventory, LOCATION, _photo_folders(inventory))
    inventory.check_meta(source)
    return fill_column(inventory, LOCATION, inventory.table[source])


def fill_from_photos(
    inventory: Inventory, config: InventoryConfig, progress: ProgressFactory
) -> Inventory:
    """Fill `datetime` and `location` of each event from its first photo that has them.

    Times are ISO 8601 without a time zone, since EXIF has none. Values that no photo has stay null
    and are counted in a warning. Modification times of files are used only with `time_from_mtime`.
    """
    import pyarrow.compute as pc

    events = EventRows.from_table(inventory.table)
    read_time = config.time_from_exif or config.time_from_mtime
    read_location = config.location_from == EXIF
    columns = [DATETIME] * read_time + [LOCATION] * read_location
    incomplete = _incomplete_events(inventory, events, columns)
    photos = take(inventory.table[IMAGES], events.first_row[incomplete])
    with progress("EXIF", pc.sum(pc.list_value_length(photos)).as_py() or 0) as bar:
        reader = ExifReader(
            inventory.image_root, read_time, read_location, config.time_from_mtime, bar
        )
        times, locations = _read_exif(reader, photos)
    _warn_missing(reader, times, locations)
    position = np.full(len(events.first_row), -1)
    position[incomplete] = np.arange(len(incomplete))
    rows = position[events.event_of_row]
    if read_time:
        inventory = fill_column(inventory, DATETIME, take(times, rows))
    if read_location:
        inventory = fill_column(inventory, LOCATION, take(locations, rows))
    return inventory


def _incomplete_events(inventory: Inventory, events: EventRows, columns: Sequence[str]) -> Ints:
    """Return the events with a row that has no value in one of these columns."""
    incomplete = np.zeros(len(events.first_row), bool)
    for name in columns:
        if name not in inventory.meta:
            return np.arange(len(incomplete))
        incomplete[events.event_of_row[inventory.table[name].is_null().to_numpy()]] = True
    return np.flatnonzero(incomplete)


def _read_exif(
    reader: ExifReader, events: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return the time and the location of each event."""
    import pyarrow as pa

    text = pa.string()
    times, locations = [], []
    for start in range(0, len(events), CHUNK_SIZE):
        exifs = reader.read(events.slice(start, CHUNK_SIZE).to_pylist())
        times.append(pa.array([exif.taken and exif.taken.isoformat() for exif in exifs], text))
        locations.append(pa.array(map(location_from_exif, exifs), text))
    return pa.chunked_array(times, text), pa.chunked_array(locations, text)


def _warn_missing(reader: ExifReader, times: pa.ChunkedArray, locations: pa.ChunkedArray) -> None:
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
    if reader.read_time and times.null_count:
        of_all = f"{times.null_count:,} of {len(times):,}"
        log.warning("%s events have no photo with an EXIF date: '%s' stays empty", of_all, DATETIME)
    if reader.read_location and locations.null_count:
        of_all = f"{locations.null_count:,} of {len(locations):,}"
        log.warning(
            "%s events have no photo with a position or serial number: '%s' stays empty",
            of_all,
            LOCATION,
        )


def _photo_folders(inventory: Inventory) -> pa.ChunkedArray:
    """Return the folder of each row's first photo, relative to the image root; '.' for the root.

    If the first folder below the root is the class in all rows, it is left out, and so are the
    folders that a camera numbers itself (see `camera_folder`).
    """
    import pyarrow.compute as pc

    root = inventory.image_root.as_posix().rstrip("/") + "/"
    photo = pc.list_element(inventory.table[IMAGES], 0)
    photo = pc.if_else(
        pc.starts_with(photo, root), pc.utf8_slice_codeunits(photo, len(root)), photo
    )
    folder = pc.replace_substring_regex(photo, r"/?[^/]*$", "")
    top = pc.replace_substring_regex(folder, r"/.*$", "")
    if any(
        pc.all(
            pc.equal(pc.utf8_trim_whitespace(top), inventory.table[label]), skip_nulls=False
        ).as_py()
        for label in inventory.labels
    ):
        folder = pc.replace_substring_regex(folder, r"^[^/]*/", "")
    folder = pc.replace_substring_regex(folder, CARD_FOLDER, "")
    return pc.if_else(pc.equal(folder, ""), ".", folder)


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
