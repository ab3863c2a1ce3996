"""Unite the rows of an event: the photos of all of them, and equal observations once."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import (
    TAKE_CHUNK_ROWS,
    Ints,
    combine_chunks,
    factorize,
    set_column,
    take,
)
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.inventory.blanks import superseded_blanks
from ctc.inventory.events import (
    EventRows,
    first_distinct,
    first_occurrences,
    with_largest_counts,
    with_most_in_a_photo,
)
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]

log = logging.getLogger(__name__)


def unite_event_rows(inventory: Inventory) -> Inventory:
    """Give every row of an event the photos of all its rows, and keep equal observations once.

    Where rows are about different photos, those that differ in the label `count` alone are equal
    but for the largest count, which they get. Photos are in order of appearance. A row of blank
    photos is dropped where other photos of the event show something. Of rows with the same labels
    the first is kept; where there are columns with values per photo, such as boxes, only if the
    rows named different photos. What was united, and which values differed, is logged.
    """
    import pyarrow.compute as pc

    events = EventRows.from_table(inventory.table)
    if len(events.first_row) == inventory.table.num_rows:
        return inventory
    differ = _events_with_different_photos(inventory.table, events)
    if differ.any():
        _, photo = factorize(pc.list_element(inventory.table[IMAGES], 0))
        inventory = replace(inventory, table=_unite_photos(inventory.table, events, differ))
        rows = np.flatnonzero(differ[events.event_of_row])
        event = events.event_of_row[rows]
        inventory = with_most_in_a_photo(inventory, rows, event, photo[rows])
        inventory = with_largest_counts(inventory, rows, event)
    inventory = _drop_equal_observations(inventory, events, differ)
    return _drop_superseded_blanks(inventory, differ) if differ.any() else inventory


def _events_with_different_photos(table: pa.Table, events: EventRows) -> Mask:
    """Return which events have a row with other photos than their first row."""
    images = table[IMAGES]
    first = events.first_row[events.event_of_row]
    later = np.flatnonzero(first < np.arange(len(first)))
    some, others = take(images, later), take(images, first[later])
    differ = np.zeros(len(events.first_row), bool)
    for start in range(0, len(later), TAKE_CHUNK_ROWS):
        pairs = zip(
            some.slice(start, TAKE_CHUNK_ROWS).to_pylist(),
            others.slice(start, TAKE_CHUNK_ROWS).to_pylist(),
            strict=True,
        )
        rows = later[start : start + TAKE_CHUNK_ROWS]
        unequal = np.fromiter((one != other for one, other in pairs), bool, len(rows))
        differ[events.event_of_row[rows[unequal]]] = True
    return differ


def _unite_photos(table: pa.Table, events: EventRows, differ: Mask) -> pa.Table:
    """Return the table with the photos of all rows in each row of the events that `differ`.

    Columns with a value per photo are united alike.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.list_value_length(table[IMAGES]).to_numpy()
    row = np.repeat(np.arange(len(lengths)), lengths)
    index = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    _, photo = factorize(pc.list_flatten(table[IMAGES]))
    event = events.event_of_row[row]
    _, pair = factorize(pa.chunked_array([pa.array(event * (photo.max(initial=0) + 1) + photo)]))
    uses = first_occurrences(pair)
    uses = uses[differ[event[uses]]]
    uses = uses[np.argsort(event[uses], kind="stable")]
    starts = np.searchsorted(event[uses], np.flatnonzero(differ))
    number = np.cumsum(differ) - 1
    united = np.where(
        differ[events.event_of_row],
        len(lengths) + number[events.event_of_row],
        np.arange(len(lengths)),
    )
    for name in table.column_names:
        if _is_list(table[name]):
            elements = _elements(table[name], row[uses], index[uses])
            lists = pa.LargeListArray.from_arrays(pa.array(np.r_[starts, len(uses)]), elements)
            known = combine_chunks(table[name])
            column = take(pa.chunked_array([known, lists.cast(known.type)]), united)
            table = set_column(table, name, column.cast(table[name].type))
    log.info(
        "united the photos of several rows: %s of %s",
        counted(len(uses), "photo"),
        counted(int(differ.sum()), "event"),
    )
    return table


def _elements(column: pa.ChunkedArray, rows: Ints, indices: Ints) -> pa.Array:
    """Return the element with this index of the list of each row, null if there is none."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    starts = np.cumsum(lengths) - lengths
    positions = np.where(indices < lengths[rows], starts[rows] + indices, -1)
    return combine_chunks(take(pc.list_flatten(column), positions))


def _drop_equal_observations(inventory: Inventory, events: EventRows, differ: Mask) -> Inventory:
    table = inventory.table
    candidates = np.ones(table.num_rows, bool)
    if any(_is_list(table[name]) for name in inventory.meta):
        candidates = differ[events.event_of_row]
    rows = np.flatnonzero(candidates)
    first = rows[first_distinct(inventory, rows, events.event_of_row[rows])]
    kept = np.ones(table.num_rows, bool)
    kept[np.setdiff1d(rows, first)] = False
    if kept.all():
        return inventory
    _log_differences(inventory, events, np.flatnonzero(~kept))
    return replace(inventory, table=table.filter(kept))


def _drop_superseded_blanks(inventory: Inventory, differ: Mask) -> Inventory:
    """Drop the rows of blank photos where other photos of the event show something.

    That is for the events that `differ`, whose rows are about single photos.
    """
    events = EventRows.from_table(inventory.table)
    rows = np.flatnonzero(differ[events.event_of_row])
    superseded = superseded_blanks(inventory, rows, events.event_of_row[rows])
    if not superseded.any():
        return inventory
    count = len(np.unique(events.event_of_row[rows[superseded]]))
    log.info("%s with blank photos shown as what else is in them", counted(count, "event"))
    kept = np.ones(inventory.table.num_rows, bool)
    kept[rows[superseded]] = False
    return replace(inventory, table=inventory.table.filter(kept))


def _log_differences(inventory: Inventory, events: EventRows, dropped: Ints) -> None:
    """Log how many rows repeat an observation, and in which columns their values are lost."""
    log.info(
        "%s an earlier observation of the same event: counted once",
        counted(len(dropped), "row repeats", "rows repeat"),
    )
    first = events.first_row[events.event_of_row[dropped]]
    for name in inventory.meta:
        if _is_list(inventory.table[name]):
            continue
        _, values = factorize(inventory.table[name])
        if differing := int((values[dropped] != values[first]).sum()):
            log.info(
                "%s in '%s' from the first row of the same event, whose value is kept",
                counted(differing, "of them differs", "of them differ"),
                name,
            )


def _is_list(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(column.type) or pa.types.is_large_list(column.type))
