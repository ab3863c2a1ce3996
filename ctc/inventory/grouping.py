"""Group single photos into events: those of one location that follow each other closely."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, combine_chunks, factorize, take
from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.images.bursts import NO_LOCATION, burst_ids
from ctc.images.metadata.camera_clock import WHAT, is_wrong_time
from ctc.inventory.blanks import superseded_blanks
from ctc.inventory.config import NONE, InventoryConfig
from ctc.inventory.events import (
    EventRows,
    first_distinct,
    with_largest_counts,
    with_most_in_a_photo,
)
from ctc.inventory.metadata.camera_columns import CAMERA_COLUMNS
from ctc.inventory.metadata.clock import read_times
from ctc.inventory.sequences import Sequences, sequence_ids
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

_OF_FIRST_PHOTO = frozenset({EVENT_ID, DATETIME, DATETIME_ORIGINAL, *CAMERA_COLUMNS})

log = logging.getLogger(__name__)


def check_groupable(inventory: Inventory, config: InventoryConfig) -> None:
    """Check that photos can be grouped, before they are read for it.

    Raises UsageError if neither the inventory nor the configuration provides times and locations,
    or if the gap is not a finite number.
    """
    if not math.isfinite(config.events_within or 0):
        raise UsageError(
            f"--events-within {config.events_within} is not a number of seconds: "
            "use a number such as 60"
        )
    if config.events_by_sequence and config.camera_data == NONE:
        raise UsageError(
            "--events-by-sequence needs what cameras number in their photos: add --camera-data auto"
        )
    option = "--events-within" if config.events_within is not None else "--events-by-sequence"
    has_times = config.time_from_exif or config.time_from_mtime or config.time_from
    if DATETIME not in inventory.meta and not has_times:
        raise UsageError(
            f"{option} needs times, and there is no meta column '{DATETIME}': "
            "add --time-from-exif, or --time-from with the column of the times"
        )
    if LOCATION not in inventory.meta and not config.location_from:
        raise UsageError(
            f"{option} needs locations, since the clocks of two cameras differ, "
            f"and there is no meta column '{LOCATION}': add --location-from"
        )


def group_photos(
    inventory: Inventory, seconds: float | None, by_sequence: bool = False
) -> tuple[Inventory, str]:
    """Merge single-photo events of one location, each taken at most `seconds` after the previous.

    `by_sequence`: merge photos of one trigger, as the camera has numbered them, and only photos
    without a number by time, or not at all if `seconds` is None; see `sequence_ids`.
    Returns the inventory and a description of the result. A merged event has the id, the time and
    the camera's data of its first photo, all photos in time order, and each distinct observation
    once, in that order, with the other meta values of the row where it occurs first; those that
    differ in the label `count` alone are one, with the largest. Blank photos add no observation to
    those that show something. Columns with a value per image get those of all images. Events of
    several photos, and photos without time or location, are not changed. Times with a zone are
    compared as UTC. Raises InputError if no photo has both a time and a location.
    """
    import pyarrow as pa

    events = EventRows.from_table(inventory.table)
    bursts = _find_bursts(inventory.table, events, seconds, by_sequence)
    inventory, rows = _row_sources(inventory, events, bursts)
    table = inventory.table
    columns = {}
    for name in table.column_names:
        if name in _OF_FIRST_PHOTO:
            columns[name] = take(table[name], rows.first_photo_row)
        elif pa.types.is_list(table[name].type):
            merged = _concat_lists(take(table[name], events.first_row[bursts.members]), bursts)
            lists = pa.chunked_array([combine_chunks(table[name]), merged])
            columns[name] = take(lists, rows.list_row).cast(table[name].type)
        else:
            columns[name] = take(table[name], rows.observation_row)
    description = _describe_grouping(bursts, rows, table.num_rows)
    return replace(inventory, table=pa.table(columns)), description


@dataclass(frozen=True)
class _Bursts:
    """Bursts of more than one event.

    `members`: their events, burst by burst, in time order. `starts`: the position among them where
    each burst starts.
    """

    members: Ints
    starts: Ints

    @property
    def burst_of_member(self) -> Ints:
        """The burst of each member."""
        return np.repeat(
            np.arange(len(self.starts)), np.diff(self.starts, append=len(self.members))
        )


@dataclass(frozen=True)
class _RowSources:
    """The rows that each row of the result is made from.

    `observation_row`: the row of its observation. `first_photo_row`: the first row of its event's
    first photo. `list_row`: its own row or, for burst i, the number of rows + i.
    """

    observation_row: Ints
    first_photo_row: Ints
    list_row: Ints
    blank: int
    """How many bursts have rows of blank photos that are left out, since others show something."""


def _row_sources(
    inventory: Inventory, events: EventRows, bursts: _Bursts
) -> tuple[Inventory, _RowSources]:
    """Order the rows of the result; an event takes the position of its first photo.

    Comes with the inventory whose observations have the largest counts of their bursts.
    """
    rank = np.full(len(events.first_row), -1)
    rank[bursts.members] = np.arange(len(bursts.members))
    rank = rank[events.event_of_row]
    unchanged = np.flatnonzero(rank < 0)
    rows = np.argsort(rank, kind="stable")[len(unchanged) :]
    burst = bursts.burst_of_member[rank[rows]]
    inventory = with_most_in_a_photo(inventory, rows, burst, events.event_of_row[rows])
    inventory = with_largest_counts(inventory, rows, burst)
    first = first_distinct(inventory, rows, burst)
    rows, burst = rows[first], burst[first]
    superseded = superseded_blanks(inventory, rows, burst)
    blank = len(np.unique(burst[superseded]))
    rows, burst = rows[~superseded], burst[~superseded]
    first_photo_row = np.r_[unchanged, events.first_row[bursts.members[bursts.starts]][burst]]
    order = np.argsort(first_photo_row, kind="stable")
    sources = _RowSources(
        np.r_[unchanged, rows][order],
        first_photo_row[order],
        np.r_[unchanged, len(rank) + burst][order],
        blank,
    )
    return inventory, sources


def _find_bursts(
    table: pa.Table, events: EventRows, seconds: float | None, by_sequence: bool
) -> _Bursts:
    import pyarrow.compute as pc

    times = _parse_times(take(table[DATETIME], events.first_row))
    locations = factorize(table[LOCATION])[1][events.first_row]
    _check_times_and_locations(np.isnat(times), locations == NO_LOCATION)
    single = pc.list_value_length(table[IMAGES]).to_numpy()[events.first_row] == 1
    max_gap = None if seconds is None else np.timedelta64(round(seconds * 1000), "ms")
    sequences = Sequences.from_table(table, events.first_row)
    if by_sequence:
        sequences.check()
    wrong = is_wrong_time(times) & ~(by_sequence & (sequences.number > 0))
    _warn_wrong_times(int(wrong.sum()), len(times))
    usable = np.where(wrong, np.datetime64("NaT"), times)
    places = np.where(single, locations, NO_LOCATION)
    if by_sequence or max_gap is None:
        numbers = sequence_ids(places, usable, sequences, max_gap)
    else:
        numbers = burst_ids(places, usable, max_gap)
    order = np.lexsort((sequences.number, times, numbers))
    members = order[(np.bincount(numbers) > 1)[numbers[order]]]
    return _Bursts(members, np.flatnonzero(np.diff(numbers[members], prepend=-1)))


def _warn_wrong_times(wrong: int, events: int) -> None:
    if wrong:
        log.warning(
            "%s of %s %s a time that is %s: not grouped; `ctc inventory clocks` tells more",
            f"{wrong:,}",
            counted(events, "event"),
            "has" if wrong == 1 else "have",
            WHAT,
        )


def _check_times_and_locations(no_time: NDArray[np.bool_], no_location: NDArray[np.bool_]) -> None:
    """Raise InputError, saying what is missing, when no event has both a time and a location."""
    if not (no_time | no_location).all():
        return
    if no_time.all():
        missing, advice = f"a '{DATETIME}'", "add --time-from-mtime or --time-from"
    elif no_location.all():
        missing, advice = f"a '{LOCATION}'", "try another --location-from"
    else:
        missing, advice = f"both a '{DATETIME}' and a '{LOCATION}'", "add those that are missing"
    raise InputError(
        f"photos can't be grouped: no event has {missing}: {advice}, or omit the option that groups"
    )


def _parse_times(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """Parse ISO 8601 times to milliseconds, UTC.

    Null becomes NaT, and so do invalid times, which are counted in a warning.
    """
    import pyarrow as pa

    if not (pa.types.is_null(column.type) or pa.types.is_string(column.type)):
        raise UsageError(
            f"--events-within needs ISO 8601 times in '{DATETIME}', which holds {column.type}: "
            "correct the source"
        )
    times = read_times(column)
    invalid = np.flatnonzero(np.isnat(times) & column.is_valid().to_numpy())
    if len(invalid):
        example = column[int(invalid[0])].as_py()
        log.warning(
            "%s of '%s' without an ISO 8601 date and time (first: '%s'): these events are not "
            "grouped; --time-from %s reads other ways to write them",
            counted(len(invalid), "value"),
            DATETIME,
            example,
            DATETIME,
        )
    return times


def _concat_lists(values: pa.ChunkedArray, bursts: _Bursts) -> pa.Array:
    """Concatenate the members' lists, each of at most one element, to one list per burst."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
    first = np.where(lengths > 0, np.cumsum(lengths) - lengths, -1)
    elements = combine_chunks(take(pc.list_flatten(values), first))
    return pa.LargeListArray.from_arrays(pa.array(np.r_[bursts.starts, len(values)]), elements)


def _describe_grouping(bursts: _Bursts, rows: _RowSources, rows_before: int) -> str:
    observations = np.bincount(rows.list_row[rows.list_row >= rows_before] - rows_before)
    mixed = int(np.count_nonzero(observations > 1))
    text = (
        f"grouped {counted(len(bursts.members), 'single photo')} "
        f"into {counted(len(bursts.starts), 'event')}"
    )
    if rows.blank:
        text += f"; {counted(rows.blank, 'event')} with blank photos shown as what else is in them"
    if mixed:
        text += (
            f"; {counted(mixed, 'event')} with several observations, which `ctc dataset` leaves "
            "out unless --keep-multi-observation is given"
        )
    return text
