"""Loose photos become events: those of one location that follow each other closely."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.images.bursts import NO_LOCATION, burst_numbers
from ctc.inventory.columns import DATETIME, LOCATION, put, take, take_rows, whole
from ctc.inventory.config import InventoryConfig
from ctc.inventory.events import Events, first_of_each
from ctc.inventory.photo_uses import Ints, numbered

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def check_groupable(inventory: Inventory, config: InventoryConfig) -> None:
    """Raises UsageError, before photos are read for it, when nothing will say when and where the photos were taken."""
    if DATETIME not in inventory.meta and not (config.time_from_exif or config.time_from_mtime):
        raise UsageError(f"--events-within needs times, and there is no meta column '{DATETIME}': add --time-from-exif")
    if LOCATION not in inventory.meta and not config.location_from:
        raise UsageError(
            f"--events-within needs locations, since the clocks of two cameras don't agree, and there is no meta column '{LOCATION}': "
            "add --location-from"
        )


def group_photos(inventory: Inventory, seconds: float) -> tuple[Inventory, str]:
    """Unite events of one photo each, of one location, each taken at most `seconds` after the one before; and say what came of it.

    The united event has the id and the time of its first photo, all photos in time order, and each distinct observation once, in that
    order, with the other meta values of the row where it was first made. Columns with a value per image get those of all images.
    Events of several photos, and photos without time or location, stay as they are. Times with a zone are compared as UTC.
    Raises InputError when no photo has both a time and a location.
    """
    import pyarrow as pa

    table = inventory.table
    events = Events.of(table)
    bursts = _bursts(table, events, seconds)
    rank = np.full(len(events.first_row), -1)
    rank[bursts.members] = np.arange(len(bursts.members))
    rank_of_row = rank[events.of_row]
    rows = np.argsort(rank_of_row, kind="stable")[np.count_nonzero(rank_of_row < 0) :]
    burst = bursts.number[rank_of_row[rows]]
    first = _distinct(table, inventory.labels, rows, burst)
    rows, burst = rows[first], burst[first]
    leader = events.first_row[bursts.members[bursts.starts]]
    united = take_rows(table, rows)
    for name in (EVENT_ID, DATETIME):
        united = put(united, name, take(table[name], leader[burst]))
    for name in (IMAGES, *(name for name in inventory.meta if pa.types.is_list(table[name].type))):
        values = take(table[name], events.first_row[bursts.members])
        united = put(united, name, _lists(values, bursts.starts, burst))
    order = np.argsort(np.r_[np.flatnonzero(rank_of_row < 0), leader[burst]], kind="stable")
    table = take_rows(pa.concat_tables([table.filter(rank_of_row < 0), united]), order)
    return replace(inventory, table=table), _told(bursts, burst)


@dataclass(frozen=True)
class _Bursts:
    """`members`: the events in bursts of more than one, burst by burst, in time order; `starts`: where among them each burst starts."""

    members: Ints
    starts: Ints

    @property
    def number(self) -> Ints:
        """Of each member, its burst."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.members)))


def _bursts(table: pa.Table, events: Events, seconds: float) -> _Bursts:
    import pyarrow.compute as pc

    times = _times(take(table[DATETIME], events.first_row))
    locations = numbered(table[LOCATION])[1][events.first_row]
    if (np.isnat(times) | (locations == NO_LOCATION)).all():
        raise InputError(
            f"--events-within: no event has both a '{DATETIME}' and a '{LOCATION}': look at the source, or leave it out"
        )
    loose = pc.list_value_length(table[IMAGES]).to_numpy()[events.first_row] == 1
    within = np.timedelta64(round(seconds * 1000), "ms")
    numbers = burst_numbers(np.where(loose, locations, NO_LOCATION), times, within)
    order = np.lexsort((times, numbers))
    members = order[(np.bincount(numbers) > 1)[numbers[order]]]
    return _Bursts(members, np.flatnonzero(np.diff(numbers[members], prepend=-1)))


def _times(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """In milliseconds; NaT for null and, with a warning, for what is no ISO 8601 time."""
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_string(column.type):
        raise UsageError(
            f"--events-within needs ISO 8601 times in '{DATETIME}', which holds {column.type}: mend the source"
        )
    pieces = [
        pd.to_datetime(chunk.to_pandas(), format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
        for chunk in column.chunks
    ]
    times = np.concatenate([piece.to_numpy("datetime64[ms]") for piece in pieces])
    unclear = np.flatnonzero(np.isnat(times) & column.is_valid().to_numpy())
    if len(unclear):
        example = column[int(unclear[0])].as_py()
        log.warning(
            "%s of '%s' are no ISO 8601 times (first: '%s'): these events stay alone",
            f"{len(unclear):,}",
            DATETIME,
            example,
        )
    return times


def _distinct(table: pa.Table, labels: Iterable[str], rows: Ints, burst: Ints) -> Ints:
    """Of these rows, the first of each combination of burst and labels."""
    import pyarrow as pa

    combination = burst
    for label in labels:
        _, classes = numbered(take(table[label], rows))
        pairs = combination * (classes.max(initial=-1) + 2) + classes + 1
        _, combination = numbered(pa.chunked_array([pa.array(pairs)]))
    return first_of_each(combination)


def _lists(values: pa.ChunkedArray, starts: Ints, burst: Ints) -> pa.ChunkedArray:
    """From one list per member of a burst, each of one element or none, the list of each burst, as often as `burst` names it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.fill_null(pc.greater(pc.list_value_length(values), 0), False)
    elements = whole(pc.list_element(pc.if_else(filled, values, pa.scalar(None, values.type)), 0))
    lists = pa.LargeListArray.from_arrays(pa.array(np.r_[starts, len(values)]), elements)
    return take(pa.chunked_array([lists]), burst).cast(values.type)


def _told(bursts: _Bursts, burst: Ints) -> str:
    mixed = np.count_nonzero(np.bincount(burst, minlength=len(bursts.starts)) > 1)
    told = f"{len(bursts.members):,} loose photos became {len(bursts.starts):,} events"
    return told + (f", {mixed:,} of them with several observations" if mixed else "")
