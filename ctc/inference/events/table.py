"""Events that a table names: a CSV with event and image columns, or an inventory.

A table may have millions of rows: it is read anew for each use, row by row. What is held is a
number per event, and the events whose rows do not follow each other."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ctc.artifacts.boxes import BOX_COLUMNS, BOX_CONFIDENCE, Box, boxes_from_columns
from ctc.errors import InputError, MissingExtraError, UsageError, did_you_mean
from ctc.images.photo_paths import normalize_path
from ctc.inference.events.event import Event, MetaScalar
from ctc.storage.csv_reader import open_table
from ctc.storage.paths import join_path
from ctc.storage.remote_files import local_copy

CSV_SUFFIXES = (".csv", ".tsv")
INVENTORY_SUFFIXES = (".parquet",)
_BATCH_ROWS = 1_000


@dataclass(frozen=True)
class Columns:
    """Which columns of a CSV hold the event's id and its images; all others are meta."""

    event_id: str
    images: tuple[str, ...]


class EventRow(NamedTuple):
    """What a table says of one event; `images` are paths that can be opened, `boxes` one per image
    or none at all."""

    images: tuple[str, ...]
    meta: Mapping[str, MetaScalar]
    boxes: tuple[Box | None, ...] = ()


RowReader = Callable[[], Iterator[tuple[str, EventRow]]]


@dataclass(frozen=True)
class EventTable:
    """The events of a table, in order of appearance: rows that share an id are one event, its
    images are theirs in order, its meta values those of the first row.

    `root`: where its relative paths start. `layout`: what else the events depend on.
    `non_contiguous`: the events whose rows do not follow each other."""

    path: Path
    root: Path
    meta_columns: tuple[str, ...]
    layout: str
    read_rows: RowReader = field(repr=False)
    non_contiguous: Mapping[str, EventRow]
    photos: int
    notes: tuple[str, ...]

    def ids(self) -> Iterator[str]:
        return (event_id for event_id, _ in self._events())

    def __iter__(self) -> Iterator[Event]:
        return (
            Event(event_id, row.images, row.meta, row.boxes) for event_id, row in self._events()
        )

    def update_digest(self, digest: blake2b) -> None:
        digest.update(f"table\0{self.root}\0{self.layout}\0".encode(errors="surrogateescape"))
        with local_copy(self.path).open("rb") as file:
            digest.update(file_digest(file, "blake2b").digest())

    def _events(self) -> Iterator[tuple[str, EventRow]]:
        waiting = dict(self.non_contiguous)
        for event_id, row in _merge_rows(self.read_rows()):
            if event_id not in self.non_contiguous:
                yield event_id, row
            elif event_id in waiting:
                yield event_id, waiting.pop(event_id)


def read_csv(path: Path, columns: Columns | None, image_root: Path | None = None) -> EventTable:
    """An empty image cell is no image. Raises CtcError for a missing column, a row without id, a
    file that can't be read."""
    table = open_table(path)
    if columns is None:
        listed = ", ".join(f"'{name}'" for name in table.columns)
        raise UsageError(
            f"say with --event-id and --image which columns of '{path}' name events and photos: it has {listed}"
        )
    for name in (columns.event_id, *columns.images):
        if name not in table.columns:
            raise UsageError(
                f"'{path}' has no column called '{name}'{did_you_mean(name, table.columns)}"
            )
    meta = {
        name: at
        for name, at in table.columns.items()
        if name not in (columns.event_id, *columns.images)
    }
    id_at, images_at = (
        table.columns[columns.event_id],
        [table.columns[name] for name in columns.images],
    )
    root = path.parent if image_root is None else image_root

    def rows() -> Iterator[tuple[str, EventRow]]:
        for line, cells in table.rows():
            if not cells[id_at]:
                raise InputError(
                    f"'{path}' line {line} has no event id in column '{columns.event_id}'"
                )
            images = tuple(
                join_path(root, normalize_path(cells[at])) for at in images_at if cells[at]
            )
            yield cells[id_at], EventRow(images, {name: cells[at] for name, at in meta.items()})

    return _scan(path, root, tuple(meta), repr(columns), rows)


def read_inventory(path: Path, image_root: Path | None = None) -> EventTable:
    """Labels are not passed on, meta columns are."""
    if find_spec("pyarrow") is None:
        raise MissingExtraError(f"reading the inventory '{path}'", "data")
    from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

    inventory = Inventory.read(path)
    root = inventory.image_root if image_root is None else image_root
    boxed = set(BOX_COLUMNS) <= set(inventory.meta)
    of_boxes = (*BOX_COLUMNS, BOX_CONFIDENCE) if boxed else ()
    meta = tuple(name for name in inventory.meta if name not in of_boxes)
    table = inventory.table.select([EVENT_ID, IMAGES, *meta, *(BOX_COLUMNS if boxed else ())])

    def rows() -> Iterator[tuple[str, EventRow]]:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            for row in batch.to_pylist():
                images = tuple(join_path(root, image) for image in row[IMAGES] or ())
                boxes = (
                    boxes_from_columns([row[name] for name in BOX_COLUMNS], len(images))
                    if boxed
                    else ()
                )
                yield (
                    row[EVENT_ID],
                    EventRow(images, {name: _to_meta_scalar(row[name]) for name in meta}, boxes),
                )

    return _scan(path, root, meta, "inventory", rows)


def _scan(
    path: Path, root: Path, meta: tuple[str, ...], layout: str, read_rows: RowReader
) -> EventTable:
    differing: Counter[str] = Counter()
    hashes = array("q")
    photos = 0
    for event_id, row in _merge_rows(read_rows(), differing):
        hashes.append(hash(event_id))
        photos += len(row.images)
    if not hashes:
        raise InputError(f"'{path}' has no rows: there is nothing to predict")
    if not photos:
        raise InputError(
            f"'{path}' names no photo: the image cells of all {len(hashes)} events are empty"
        )
    values, counts = np.unique(np.asarray(hashes), return_counts=True)
    again = set(values[counts > 1].tolist())
    scattered: dict[str, EventRow] = {}
    for event_id, row in _merge_rows(read_rows()) if again else ():
        if hash(event_id) in again:
            known = scattered.get(event_id)
            scattered[event_id] = _merge_pair(known, row, differing) if known else row
            photos += (
                len(scattered[event_id].images)
                - len(row.images)
                - (len(known.images) if known else 0)
            )
    notes = tuple(
        f"'{path}': {count} rows differ in '{name}' from an earlier row of the same event, whose value is kept"
        for name, count in differing.items()
    )
    return EventTable(path, root, meta, layout, read_rows, scattered, photos, notes)


def _merge_rows(
    rows: Iterable[tuple[str, EventRow]], differing: Counter[str] | None = None
) -> Iterator[tuple[str, EventRow]]:
    """Rows that follow each other and share an id become one; `differing` counts how often a meta
    value is not the first row's."""
    differing = Counter() if differing is None else differing
    current: tuple[str, EventRow] | None = None
    for event_id, row in rows:
        if current and current[0] == event_id:
            current = event_id, _merge_pair(current[1], row, differing)
            continue
        if current:
            yield current
        current = event_id, row
    if current:
        yield current


def _merge_pair(first: EventRow, row: EventRow, differing: Counter[str]) -> EventRow:
    """An image that the event has already is not its image again."""
    differing.update(name for name, value in row.meta.items() if value != first.meta[name])
    new = [at for at, image in enumerate(row.images) if image not in first.images]
    images = first.images + tuple(row.images[at] for at in new)
    return EventRow(
        images, first.meta, first.boxes + tuple(row.boxes[at] for at in new if row.boxes)
    )


def _to_meta_scalar(value: object) -> MetaScalar:
    return value if value is None or isinstance(value, str | int | float) else str(value)
