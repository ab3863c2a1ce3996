"""Correct the column `datetime` of an inventory; `datetime_original` keeps the cameras' times."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME, set_column, take
from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL, ClockOffsets
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.images.metadata.camera_clock import WHAT, is_wrong_time
from ctc.images.metadata.clock_correction import CAMERA_COLUMNS, ClockCorrection
from ctc.images.metadata.time_zone import make_clock
from ctc.inventory.config import InventoryConfig
from ctc.inventory.events import EventRows
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 50_000

log = logging.getLogger(__name__)


def clock_correction(config: InventoryConfig) -> ClockCorrection | None:
    """Return what corrects times, None if nothing does; raises CtcError for a file that is none."""
    if config.clock_offset is None and config.time_zone is None:
        return None
    offsets = ClockOffsets.read(config.clock_offset) if config.clock_offset else None
    return ClockCorrection(offsets, make_clock(config.time_zone))


def correct_clocks(inventory: Inventory, correction: ClockCorrection) -> Inventory:
    """Return the inventory with corrected times, and warn of what is not corrected.

    Raises CtcError if there are no times, or if no row is for a camera.
    """
    inventory = correct_times(inventory, correction)
    for note in correction.notes():
        log.warning(note)
    if correction.summary:
        log.info(correction.summary)
    offsets = correction.offsets
    if offsets is not None and len(correction.unknown()) == len(offsets.by_deployment):
        raise InputError(
            f"no deployment of '{offsets.name}' is a location, deploymentID or camera's folder of"
            " the source: name them alike, or write '*' for all"
        )
    return inventory


def correct_times(inventory: Inventory, correction: ClockCorrection) -> Inventory:
    """Return the inventory with corrected times, and those of the cameras beside them.

    Raises UsageError if it has no times, or has corrected ones already.
    """
    import pyarrow as pa

    _check_columns(inventory)
    original = inventory.table[DATETIME].cast(pa.string())
    cameras = [name for name in CAMERA_COLUMNS if name in inventory.meta]
    table = inventory.table.select([*cameras, DATETIME, IMAGES])
    times = [
        pa.array(_correct_rows(batch, cameras, correction), pa.string())
        for batch in table.to_batches(_ROWS)
    ]
    corrected = set_column(inventory.table, DATETIME, pa.chunked_array(times, pa.string()))
    return replace(inventory, table=set_column(corrected, DATETIME_ORIGINAL, original))


def _correct_rows(
    batch: pa.RecordBatch, cameras: list[str], correction: ClockCorrection
) -> Iterator[str | None]:
    columns = [batch[name].to_pylist() for name in (*cameras, DATETIME, IMAGES)]
    for *names, time, images in zip(*columns, strict=True):
        if time is None:
            yield None
            continue
        known = [str(name) for name in names if name is not None]
        yield correction.correct(str(time), known, images[0] if images else "")


def read_times(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """Return ISO 8601 texts as times in milliseconds, UTC; NaT for nulls and for other texts.

    A time without a zone is taken as UTC; a date alone is no time.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type) or not len(column):
        return np.full(len(column), "NaT", "datetime64[ms]")
    chunks = [
        pd.to_datetime(
            chunk.to_pandas(), format="ISO8601", utc=True, errors="coerce"
        ).dt.tz_localize(None)
        for chunk in column.chunks
    ]
    times = np.concatenate([chunk.to_numpy("datetime64[ms]") for chunk in chunks])
    times[pc.match_substring_regex(column, "^[^T ]+$").fill_null(False).to_numpy()] = "NaT"
    return times


def warn_wrong_times(inventory: Inventory) -> None:
    """Warn of events whose times can't be right."""
    import pyarrow as pa

    if DATETIME not in inventory.meta or not pa.types.is_string(inventory.table[DATETIME].type):
        return
    first = EventRows.from_table(inventory.table).first_row
    times = read_times(take(inventory.table[DATETIME], first))
    if count := int(is_wrong_time(times).sum()):
        log.warning(
            "%s of %s %s %s: `ctc inventory clocks` tells more",
            f"{count:,}",
            counted(int((~np.isnat(times)).sum()), "time"),
            "is" if count == 1 else "are",
            WHAT,
        )


def _check_columns(inventory: Inventory) -> None:
    import pyarrow as pa

    if DATETIME not in inventory.meta:
        raise UsageError(
            f"there are no times to correct, since there is no meta column '{DATETIME}': add"
            " --time-from-exif, or --time-from with the column of the times"
        )
    if DATETIME_ORIGINAL in inventory.table.column_names:
        raise UsageError(
            f"the source has a column '{DATETIME_ORIGINAL}', as if its times had been corrected"
            " already: leave out --clock-offset and --time-zone, or rename the column"
        )
    if pa.types.is_nested(inventory.table[DATETIME].type):
        raise UsageError(
            f"the source's column '{DATETIME}' holds lists, which can't be corrected: rename it"
            " there, and add --time-from-exif"
        )
