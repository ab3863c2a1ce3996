"""Events that a table names: a CSV with event and image columns, or an inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.csvfile import read_rows
from ctc.errors import InputError, MissingExtraError, UsageError, did_you_mean

CSV_SUFFIXES = (".csv", ".tsv")
INVENTORY_SUFFIXES = (".parquet",)

Value = str | int | float | None


@dataclass(frozen=True)
class Columns:
    """Which columns of a CSV hold the event's id and its images; all others are meta."""

    event_id: str
    images: tuple[str, ...]


class Row(NamedTuple):
    """What a table says of one event; `images` are paths that can be opened."""

    images: tuple[str, ...]
    meta: Mapping[str, Value]


@dataclass(frozen=True)
class EventTable:
    """The events of a table by id, in order of appearance. `root`: where its relative paths start. `notes`: what was not as expected."""

    path: Path
    root: Path
    rows: Mapping[str, Row]
    meta_columns: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def photos(self) -> int:
        return sum(len(row.images) for row in self.rows.values())


def read_csv(path: Path, columns: Columns | None, image_root: Path | None = None) -> EventTable:
    """Rows that share an id are one event: its images are theirs in order, its meta values those of the first row. An empty
    image cell is no image. Raises CtcError for a missing column, a row without id, a file that can't be read."""
    header, rows = read_rows(path)
    if columns is None:
        listed = ", ".join(f"'{name}'" for name in header)
        raise UsageError(
            f"say with --event-id and --image which columns of '{path}' name events and photos: it has {listed}"
        )
    for name in (columns.event_id, *columns.images):
        if name not in header:
            raise UsageError(f"'{path}' has no column called '{name}'{did_you_mean(name, header)}")
    meta = tuple(name for name in header if name not in (columns.event_id, *columns.images))
    root = path.parent if image_root is None else image_root

    def entries() -> Iterator[tuple[str, Row]]:
        for line, row in rows:
            if not row[columns.event_id]:
                raise InputError(f"'{path}' line {line} has no event id in column '{columns.event_id}'")
            images = tuple(str(root / row[name]) for name in columns.images if row[name])
            yield row[columns.event_id], Row(images, {name: row[name] for name in meta})

    return _table(path, root, meta, entries())


def read_inventory(path: Path, image_root: Path | None = None) -> EventTable:
    """Observations that share an event id are one event; labels are not passed on, meta columns are."""
    if find_spec("pyarrow") is None:
        raise MissingExtraError(f"reading the inventory '{path}'", "data")
    from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

    inventory = Inventory.read(path)
    root = inventory.image_root if image_root is None else image_root
    meta = inventory.meta

    def entries() -> Iterator[tuple[str, Row]]:
        for batch in inventory.table.select([EVENT_ID, IMAGES, *meta]).to_batches():
            for row in batch.to_pylist():
                images = tuple(str(root / image) for image in row[IMAGES] or ())
                yield row[EVENT_ID], Row(images, {name: _value(row[name]) for name in meta})

    return _table(path, root, meta, entries())


def _table(path: Path, root: Path, meta: tuple[str, ...], entries: Iterable[tuple[str, Row]]) -> EventTable:
    events: dict[str, Row] = {}
    differing: Counter[str] = Counter()
    for event_id, row in entries:
        first = events.setdefault(event_id, row)
        if first is not row:
            more = tuple(image for image in row.images if image not in first.images)
            events[event_id] = Row(first.images + more, first.meta)
            differing.update(name for name in meta if row.meta[name] != first.meta[name])
    if not events:
        raise InputError(f"'{path}' has no rows: there is nothing to predict")
    if not any(row.images for row in events.values()):
        raise InputError(f"'{path}' names no photo: the image cells of all {len(events)} events are empty")
    notes = [
        f"'{path}': {count} rows differ in '{name}' from an earlier row of the same event, whose value is kept"
        for name, count in differing.items()
    ]
    return EventTable(path, root, events, meta, tuple(notes))


def _value(value: object) -> Value:
    return value if value is None or isinstance(value, str | int | float) else str(value)
