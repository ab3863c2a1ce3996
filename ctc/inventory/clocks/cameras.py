"""The events of each camera, with the times of its clock, in the order of its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, factorize, take
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.artifacts.observation_types import observation_type
from ctc.errors import InputError, UsageError
from ctc.images.clips.names import is_clip_name, split_frame_path
from ctc.inventory.clocks.file_numbers import file_order
from ctc.inventory.events import EventRows
from ctc.inventory.metadata.locations import photo_folders

if TYPE_CHECKING:
    import pyarrow as pa

Times = NDArray[np.datetime64]
"""Of a camera's clock, `datetime64[s]`."""
DEPLOYMENT = "deploymentID"
_ANY_ANIMAL = ("animal", "animals", "mammal", "other", "wildlife")
_CLOCK_TIME = r"(?P<time>^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)"


@dataclass(frozen=True)
class Camera:
    """The n events of one camera that have a time.

    `name`: of its deployment, location or folder. `names`: all that tables may call it. `paths`:
    the first photo of each event. `times` (n,). `classes` (n,): number of the species that an event
    shows, −1 for blank ones and where that is not known. `rolls`: events in the order of their
    files, of each folder whose file names tell it.
    """

    name: str
    names: tuple[str, ...]
    paths: tuple[str, ...]
    times: Times
    classes: Ints
    rolls: tuple[Ints, ...] = ()

    def __len__(self) -> int:
        return len(self.times)


def read_cameras(inventory: Inventory) -> list[Camera]:
    """Return the cameras of an inventory, in order of appearance.

    A camera is a deployment where the inventory has a column with these, else a location, else a
    folder. Raises CtcError if no event has a time.
    """
    import pyarrow.compute as pc

    if DATETIME not in inventory.meta:
        raise UsageError(
            f"the inventory has no column '{DATETIME}': make it again with --time-from-exif or"
            " --time-from"
        )
    first = EventRows.from_table(inventory.table).first_row
    times = _clock_times(take(inventory.table[DATETIME], first))
    known = np.flatnonzero(~np.isnat(times))
    if not len(known):
        raise InputError(f"no event has a time in the column '{DATETIME}'")
    rows, times = first[known], times[known]
    folders = take(photo_folders(inventory), rows)
    unit = _unit_column(inventory)
    names = folders if unit is None else take(inventory.table[unit], rows)
    distinct, number = factorize(names)
    if (number < 0).any():  # events without a name are of the camera of their folder
        names = _fill(names, folders)
        distinct, number = factorize(names)
    columns = _Columns(
        take(pc.list_element(inventory.table[IMAGES], 0), rows).to_pylist(),
        times,
        _classes(inventory, rows),
        folders.to_pylist(),
        _locations(inventory, rows),
    )
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(len(distinct) + 1))
    return [
        _make_camera(str(name), order[ends[at] : ends[at + 1]], columns)
        for at, name in enumerate(distinct.to_pylist())
    ]


@dataclass(frozen=True)
class _Columns:
    paths: Sequence[str]
    times: Times
    classes: Ints
    folders: Sequence[str]
    locations: Sequence[str | None]


def _make_camera(name: str, rows: Ints, columns: _Columns) -> Camera:
    paths = tuple(columns.paths[row] for row in rows)
    folders = [columns.folders[row] for row in rows]
    places = {columns.locations[row] for row in rows} | set(folders)
    names = tuple(dict.fromkeys((name, *sorted(str(one) for one in places if one))))
    times = columns.times[rows]
    return Camera(name, names, paths, times, columns.classes[rows], _rolls(paths, times, folders))


def _rolls(paths: Sequence[str], times: Times, folders: Sequence[str]) -> tuple[Ints, ...]:
    """Return the events of each folder in the order of their files; clips are left out.

    The time of a clip may be that of its end, and in another zone.
    """
    by_folder: dict[str, list[int]] = {}
    for at, (path, folder) in enumerate(zip(paths, folders, strict=True)):
        if split_frame_path(path) is None and not is_clip_name(path):
            by_folder.setdefault(folder, []).append(at)
    found = []
    for events in by_folder.values():
        numbers = np.array(events, np.int64)
        order = file_order([paths[at] for at in events], times[numbers])
        if order is not None:
            found.append(numbers[order])
    return tuple(found)


def _unit_column(inventory: Inventory) -> str | None:
    return next((name for name in (DEPLOYMENT, LOCATION) if name in inventory.meta), None)


def _locations(inventory: Inventory, rows: Ints) -> list[str | None]:
    if LOCATION not in inventory.meta:
        return [None] * len(rows)
    values: list[str | None] = take(inventory.table[LOCATION], rows).to_pylist()
    return values


def _fill(names: pa.ChunkedArray, folders: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.coalesce(names.cast(pa.large_string()), folders.cast(pa.large_string()))


def _classes(inventory: Inventory, rows: Ints) -> Ints:
    """Return the class of the first label of each event, as a number; see `Camera`."""
    if not inventory.labels:
        return np.full(len(rows), -1)
    names, number = factorize(inventory.table[inventory.labels[0]])
    tells = np.array([_tells_activity(str(name)) for name in names.to_pylist()], bool)
    of_event = number[rows]
    return np.where(tells[of_event], of_event, -1) if len(tells) else of_event


def _tells_activity(name: str) -> bool:
    """Return whether a class may have hours of its own: a species, people, vehicles."""
    kind = observation_type(name)
    return kind in ("human", "vehicle") or (
        kind == "animal" and name.strip().casefold() not in _ANY_ANIMAL
    )


def _clock_times(column: pa.ChunkedArray) -> Times:
    """Return the times that clocks show, without their zones; NaT for nulls and other texts."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.struct_field(pc.extract_regex(column.cast(pa.large_string()), _CLOCK_TIME), "time")
    parsed = pd.to_datetime(texts.to_pandas(), format="ISO8601", errors="coerce")
    return np.asarray(parsed.to_numpy("datetime64[s]"))
