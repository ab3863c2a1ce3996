"""From what the user names — photos, folders, tables — to the events to predict, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ctc.errors import UsageError
from ctc.images import is_image_name
from ctc.images.folders import FolderPhotos, find_photos
from ctc.inference.event_table import CSV_SUFFIXES, INVENTORY_SUFFIXES, Columns, EventTable, read_csv, read_inventory

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Event:
    """One trigger of a camera: `images` are paths in time order, as given or found; `meta` is passed on to the output."""

    id: str
    images: tuple[str, ...]
    meta: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Events:
    """The events of all sources, one source after the other. A photo that belongs to no event is its own, with its path as id.

    Ids differ, and every event has the same meta columns. `notes`: what the user should know about the sources.
    """

    sources: tuple[FolderPhotos | EventTable, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for source in self.sources if isinstance(source, EventTable) for note in source.notes)

    @cached_property
    def photos(self) -> int:
        """How many photos there are."""
        return sum(source.photos for source in self.sources)

    @cached_property
    def meta_columns(self) -> tuple[str, ...]:
        """The meta columns of all sources, in order of appearance."""
        tables = [source for source in self.sources if isinstance(source, EventTable)]
        return tuple(dict.fromkeys(name for table in tables for name in table.meta_columns))

    def __iter__(self) -> Iterator[Event]:
        nothing = dict.fromkeys(self.meta_columns)
        for source in self.sources:
            if isinstance(source, EventTable):
                for event_id, row in source.rows.items():
                    yield Event(event_id, row.images, {**nothing, **row.meta})
            else:
                for path in source:
                    yield Event(path, (path,), nothing)


def find_events(sources: Sequence[Path], columns: Columns | None = None, image_root: Path | None = None) -> Events:
    """Look at every source once, before anything is predicted.

    `columns` says which columns of the CSV files among the sources hold events and photos. `image_root`: where relative paths
    in tables start; by default the CSV's folder, or what the inventory says. Raises CtcError for a source that is missing,
    unreadable, empty, of no known kind, or given twice.
    """
    if not sources:
        raise UsageError("nothing to predict: give photos, folders, a CSV or an inventory")
    _check_overlap(sources)
    found = [part for source in sources for part in _look_at(source, columns, image_root)]
    tables = [part for part in found if isinstance(part, EventTable)]
    if columns is not None and not any(source.suffix.lower() in CSV_SUFFIXES for source in sources):
        raise UsageError("--event-id and --image name columns of a CSV file, but no CSV file is among the sources")
    if image_root is not None and not tables:
        raise UsageError("--image-root is for the paths in a CSV or an inventory, but none is among the sources")
    _check_ids(found, tables)
    return Events(tuple(found))


def _look_at(source: Path, columns: Columns | None, image_root: Path | None) -> Iterator[FolderPhotos | EventTable]:
    suffix = source.suffix.lower()
    if not os.path.lexists(source):
        raise UsageError(f"'{source}' is not there: give photos, folders, a CSV or an inventory")
    if source.is_dir():
        yield from find_photos(source)
    elif is_image_name(source.name):
        yield FolderPhotos.of("", [str(source)])
    elif suffix in CSV_SUFFIXES:
        yield read_csv(source, columns, image_root)
    elif suffix in INVENTORY_SUFFIXES:
        yield read_inventory(source, image_root)
    else:
        raise UsageError(f"'{source}' is neither a photo, a folder, a CSV nor an inventory (.parquet)")


def _check_overlap(sources: Sequence[Path]) -> None:
    """A photo that came in twice would be two events of one id."""
    given: dict[Path, Path] = {}
    for source in sources:
        place = Path(os.path.normpath(source.absolute()))
        if place in given:
            raise UsageError(f"'{source}' is given twice: leave one out")
        given[place] = source
    for place, source in given.items():
        holder = next((parent for parent in place.parents if parent in given), None)
        if holder and source.suffix.lower() not in (*CSV_SUFFIXES, *INVENTORY_SUFFIXES):
            raise UsageError(f"'{source}' is inside '{given[holder]}', which is given as well: leave one out")


def _check_ids(found: Sequence[FolderPhotos | EventTable], tables: Sequence[EventTable]) -> None:
    for number, table in enumerate(tables):
        for other in tables[:number]:
            both = table.rows.keys() & other.rows.keys()
            if both:
                raise UsageError(
                    f"event '{min(both)}' is in '{other.path}' and in '{table.path}': predict them one after the other"
                )
    loose = (path for part in found if tables and not isinstance(part, EventTable) for path in part)
    for path in loose:
        if any(path in table.rows for table in tables):
            raise UsageError(f"'{path}' is a photo and the id of an event in a table: predict them one after the other")
