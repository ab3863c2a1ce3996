"""Loose photos become events: those of one location that follow each other closely."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, combine_chunks, factorize, take
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.images.bursts import NO_LOCATION, burst_ids
from ctc.inventory.config import InventoryConfig
from ctc.inventory.events import EventRows, first_occurrences

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def check_groupable(inventory: Inventory, config: InventoryConfig) -> None:
    """Raises UsageError, before photos are read for it, when nothing will say when and where they
    were taken, or how near is near."""
    if not math.isfinite(config.events_within or 0):
        raise UsageError(
            f"--events-within {config.events_within} is no number of seconds: give one such as 60"
        )
    if DATETIME not in inventory.meta and not (config.time_from_exif or config.time_from_mtime):
        raise UsageError(
            f"--events-within needs times, and there is no meta column '{DATETIME}': add --time-from-exif"
        )
    if LOCATION not in inventory.meta and not config.location_from:
        raise UsageError(
            f"--events-within needs locations, since the clocks of two cameras don't agree, and there is no meta column '{LOCATION}': "
            "add --location-from"
        )


def group_photos(inventory: Inventory, seconds: float) -> tuple[Inventory, str]:
    """Unite events of one photo each, of one location, each taken at most `seconds` after the one
    before; and say what came of it.

    The united event has the id and the time of its first photo, all photos in time order, and each
    distinct observation once, in that order, with the other meta values of the row where it was
    first made. Columns with a value per image get those of all images. Events of several photos,
    and photos without time or location, stay as they are. Times with a zone are compared as UTC.
    Raises InputError when no photo has both a time and a location."""
    import pyarrow as pa

    table = inventory.table
    events = EventRows.from_table(table)
    bursts = _find_bursts(table, events, seconds)
    rows = _row_sources(inventory, events, bursts)
    columns = {}
    for name in table.column_names:
        if name in (EVENT_ID, DATETIME):
            columns[name] = take(table[name], rows.first_photo_row)
        elif pa.types.is_list(table[name].type):
            united = _concat_lists(take(table[name], events.first_row[bursts.members]), bursts)
            lists = pa.chunked_array([combine_chunks(table[name]), united])
            columns[name] = take(lists, rows.list_row).cast(table[name].type)
        else:
            columns[name] = take(table[name], rows.observation_row)
    return replace(inventory, table=pa.table(columns)), _describe_grouping(
        bursts, rows, table.num_rows
    )


@dataclass(frozen=True)
class _Bursts:
    """`members`: the events in bursts of more than one, burst by burst, in time order; `starts`:
    where among them each burst starts."""

    members: Ints
    starts: Ints

    @property
    def burst_of_member(self) -> Ints:
        """Of each member, its burst."""
        return np.repeat(
            np.arange(len(self.starts)), np.diff(self.starts, append=len(self.members))
        )


@dataclass(frozen=True)
class _RowSources:
    """Where each row of the result comes from: `observation_row`, the row of its observation;
    `first_photo_row`, the first row of its event's first photo; `list_row`, its own row or, for
    burst i, the number of rows + i."""

    observation_row: Ints
    first_photo_row: Ints
    list_row: Ints


def _row_sources(inventory: Inventory, events: EventRows, bursts: _Bursts) -> _RowSources:
    """An event has its place where its first photo was."""
    rank = np.full(len(events.first_row), -1)
    rank[bursts.members] = np.arange(len(bursts.members))
    rank = rank[events.event_of_row]
    alone = np.flatnonzero(rank < 0)
    rows = np.argsort(rank, kind="stable")[len(alone) :]
    burst = bursts.burst_of_member[rank[rows]]
    first = _first_distinct(inventory, rows, burst)
    rows, burst = rows[first], burst[first]
    leader = np.r_[alone, events.first_row[bursts.members[bursts.starts]][burst]]
    order = np.argsort(leader, kind="stable")
    return _RowSources(
        np.r_[alone, rows][order], leader[order], np.r_[alone, len(rank) + burst][order]
    )


def _find_bursts(table: pa.Table, events: EventRows, seconds: float) -> _Bursts:
    import pyarrow.compute as pc

    times = _parse_times(take(table[DATETIME], events.first_row))
    locations = factorize(table[LOCATION])[1][events.first_row]
    if (np.isnat(times) | (locations == NO_LOCATION)).all():
        raise InputError(
            f"--events-within: no event has both a '{DATETIME}' and a '{LOCATION}': try another --location-from, or leave the option out"
        )
    loose = pc.list_value_length(table[IMAGES]).to_numpy()[events.first_row] == 1
    within = np.timedelta64(round(seconds * 1000), "ms")
    numbers = burst_ids(np.where(loose, locations, NO_LOCATION), times, within)
    order = np.lexsort((times, numbers))
    members = order[(np.bincount(numbers) > 1)[numbers[order]]]
    return _Bursts(members, np.flatnonzero(np.diff(numbers[members], prepend=-1)))


def _parse_times(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """In milliseconds; NaT for null and, with a warning, for what is no ISO 8601 time."""
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_string(column.type):
        raise UsageError(
            f"--events-within needs ISO 8601 times in '{DATETIME}', which holds {column.type}: mend the source"
        )
    pieces = [
        pd.to_datetime(
            chunk.to_pandas(), format="ISO8601", utc=True, errors="coerce"
        ).dt.tz_localize(None)
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


def _first_distinct(inventory: Inventory, rows: Ints, burst: Ints) -> Ints:
    """Of these rows, the first of each combination of burst and labels."""
    import pyarrow as pa

    combination = burst
    for label in inventory.labels:
        classes = factorize(inventory.table[label])[1][rows]
        pairs = combination * (classes.max(initial=-1) + 2) + classes + 1
        _, combination = factorize(pa.chunked_array([pa.array(pairs)]))
    return first_occurrences(combination)


def _concat_lists(values: pa.ChunkedArray, bursts: _Bursts) -> pa.Array:
    """From one list per member, each of one element or none, one list per burst."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
    first = np.where(lengths > 0, np.cumsum(lengths) - lengths, -1)
    elements = combine_chunks(take(pc.list_flatten(values), first))
    return pa.LargeListArray.from_arrays(pa.array(np.r_[bursts.starts, len(values)]), elements)


def _describe_grouping(bursts: _Bursts, rows: _RowSources, rows_before: int) -> str:
    observations = np.bincount(rows.list_row[rows.list_row >= rows_before] - rows_before)
    mixed = np.count_nonzero(observations > 1)
    told = f"{len(bursts.members):,} loose photos became {len(bursts.starts):,} events"
    return told + (f", {mixed:,} of them with several observations" if mixed else "")
